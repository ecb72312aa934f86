// Copies the text of a button's `data-copy`, and says so for a moment.
for (const button of document.querySelectorAll('[data-copy]')) {
  const label = button.querySelector('[data-copied]');
  const usual = [...label.childNodes];
  let timer;
  button.addEventListener('click', async () => {
    await navigator.clipboard.writeText(button.dataset.copy);
    label.replaceChildren(label.dataset.copied);
    clearTimeout(timer);
    timer = setTimeout(() => label.replaceChildren(...usual), 2000);
  });
}
