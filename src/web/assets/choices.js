// A choice that changes other choices reloads the page with it. Without this a button does.
for (const form of document.querySelectorAll('[data-choices]')) {
  form.addEventListener('change', () => form.requestSubmit(form.querySelector('.unscripted')));
}
