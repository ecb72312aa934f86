// Health as it is now.
const health = document.querySelector('[data-health]');

async function look() {
  const says = await fetch('/readyz', { cache: 'no-store' }).then(
    (response) => (response.ok ? 'Answering' : 'The store does not answer'),
    () => 'The server does not answer',
  );
  if (health.textContent !== says) health.textContent = says;
}

setInterval(() => {
  if (document.visibilityState === 'visible') look();
}, 10_000);
