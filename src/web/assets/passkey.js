// Asks the browser for a passkey when the form of one is sent, and sends what it gives. https://www.w3.org/TR/webauthn-3/
const bytes = (text) =>
  Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (sign) => sign.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
const named = (list = []) => list.map((one) => ({ ...one, id: bytes(one.id) }));

const ask = {
  get: (options) =>
    navigator.credentials.get({
      publicKey: {
        ...options,
        challenge: bytes(options.challenge),
        allowCredentials: named(options.allowCredentials),
      },
    }),
  create: (options) =>
    navigator.credentials.create({
      publicKey: {
        ...options,
        challenge: bytes(options.challenge),
        user: { ...options.user, id: bytes(options.user.id) },
        excludeCredentials: named(options.excludeCredentials),
      },
    }),
};

function toJson(credential) {
  const { id, type, response, authenticatorAttachment } = credential;
  const { clientDataJSON, attestationObject, authenticatorData, signature, userHandle } = response;
  const parts = { clientDataJSON, attestationObject, authenticatorData, signature, userHandle };
  const sent = Object.entries(parts).filter(([, part]) => part);
  return JSON.stringify({
    id,
    rawId: id,
    type,
    authenticatorAttachment,
    clientExtensionResults: credential.getClientExtensionResults(),
    response: {
      ...Object.fromEntries(sent.map(([name, part]) => [name, text(part)])),
      ...(response.getTransports && { transports: response.getTransports() }),
    },
  });
}

const FAULTS = {
  NotAllowedError: 'No passkey was used: the question was closed, or took too long.',
  InvalidStateError: 'This device has a passkey for this account already.',
};

for (const form of document.querySelectorAll('form[data-passkey]')) {
  const told = form.querySelector('[role=alert]');
  if (!globalThis.PublicKeyCredential) form.hidden = true;
  form.addEventListener('submit', async (event) => {
    if (form.elements.assertion.value) return;
    event.preventDefault();
    told.hidden = true;
    try {
      const credential = await ask[form.dataset.passkey](JSON.parse(form.dataset.options));
      form.elements.assertion.value = toJson(credential);
      form.submit();
    } catch (fault) {
      told.textContent = FAULTS[fault.name] ?? 'This browser could not use a passkey here.';
      told.hidden = false;
    }
  });
}
