// The live log of an app, and key pairs that are made in the browser: the private half is offered as a file and never sent.
const log = document.querySelector('[data-log]');
const POLL_MS = 2000;

async function refresh() {
  const live = document.getElementById('live');
  try {
    const response = await fetch(log.dataset.log);
    if (!response.ok) throw new Error(String(response.status));
    show(await response.text());
    live.textContent = 'Live.';
  } catch {
    live.textContent = 'The server does not answer; still trying.';
  }
}

/** Only what is new is put in, so that what a person has opened stays open and under the eye. */
function show(text) {
  const page = new DOMParser().parseFromString(text, 'text/html');
  const found = page.querySelector('.log');
  const list = log.querySelector('.log');
  if (!found || !list) {
    if (found) log.replaceChildren(found);
    return;
  }
  const open = new Set([...list.querySelectorAll('details[open]')].map((one) => one.dataset.event));
  if (found.textContent === list.textContent) return;
  for (const one of found.querySelectorAll('details')) one.open = open.has(one.dataset.event);
  list.replaceWith(found);
}

if (log) {
  void refresh();
  setInterval(() => {
    // A list under the keyboard stays as it is until it is left.
    if (!document.hidden && !log.contains(document.activeElement)) void refresh();
  }, POLL_MS);
}

const ALGORITHM = {
  name: 'RSASSA-PKCS1-v1_5',
  modulusLength: 2048,
  publicExponent: new Uint8Array([1, 0, 1]),
  hash: 'SHA-384',
};

for (const button of document.querySelectorAll('[data-make-keys]')) {
  const said = document.getElementById('keys-made');
  button.addEventListener('click', async () => {
    const pair = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
    const { kty, n, e } = await crypto.subtle.exportKey('jwk', pair.publicKey);
    const kid = crypto.randomUUID();
    const field = button.form.elements.namedItem(button.dataset.makeKeys);
    field.value = JSON.stringify({ keys: [{ kty, n, e, kid, alg: 'RS384', use: 'sig' }] }, null, 2);
    offer('private-key.pem', pem(await crypto.subtle.exportKey('pkcs8', pair.privateKey)));
    said.textContent = 'Made. The private key was saved as private-key.pem and is nowhere else: keep it.';
  });
}

function pem(bytes) {
  const text = btoa(String.fromCharCode(...new Uint8Array(bytes)));
  return `-----BEGIN PRIVATE KEY-----\n${text.replace(/.{64}(?=.)/g, '$&\n')}\n-----END PRIVATE KEY-----\n`;
}

function offer(name, text) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new globalThis.Blob([text], { type: 'application/x-pem-file' }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
