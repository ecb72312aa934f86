// Opens the app in its frame at once, and again for another patient. Without this a button does.
document.querySelector('[data-framed] [name="framed"]').click();
