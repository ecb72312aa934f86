// Fills in an account of the demo at a press. Without this the fields are filled by hand.
const password = document.getElementById('password');
for (const button of document.querySelectorAll('button[data-username]')) {
  button.addEventListener('click', () => {
    document.getElementById('username').value = button.dataset.username;
    password.value = 'demo';
    document.querySelector('form button.main').focus();
  });
}
