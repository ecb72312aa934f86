// A kind that is ticked stands in place of the whole, so the whole is unticked with it; and the other way round.
// The server reads the boxes the same way without this.
for (const item of document.querySelectorAll('[data-permission]')) {
  const kinds = [...item.querySelectorAll('[data-kinds] input')];
  const whole = item.querySelector('input');
  for (const kind of kinds) {
    kind.addEventListener('change', () => {
      if (kind.checked) whole.checked = false;
    });
  }
  whole.addEventListener('change', () => {
    if (whole.checked) for (const kind of kinds) kind.checked = false;
  });
}
