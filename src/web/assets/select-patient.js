// Searches as one types: posts the same form and shows the list of the answer. Without this the button does.
const form = document.querySelector('form[data-live]');
const found = document.getElementById(form.dataset.live);
const field = form.elements.namedItem('name');
const WAIT_MS = 200;
let timer;
let asked = field.value;
let running = new AbortController();

async function search() {
  if (field.value.trim() === asked.trim()) return;
  asked = field.value;
  running.abort();
  running = new AbortController();
  found.setAttribute('aria-busy', 'true');
  try {
    const response = await fetch(form.action, {
      method: 'POST',
      body: new URLSearchParams(new FormData(form)),
      signal: running.signal,
    });
    const page = new DOMParser().parseFromString(await response.text(), 'text/html');
    const list = page.getElementById(found.id);
    // A page without the list is another page: the sign-in has run out, say. Then the form is sent as it would be without this.
    if (!response.ok || !list) form.submit();
    else found.replaceChildren(...list.childNodes);
  } catch (error) {
    if (error.name !== 'AbortError') form.submit();
  } finally {
    found.removeAttribute('aria-busy');
  }
}

field.addEventListener('input', () => {
  clearTimeout(timer);
  timer = setTimeout(search, WAIT_MS);
});
