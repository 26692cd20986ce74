// Shows validation errors next to their fields. Without scripts the server shows the same errors.
const messages = {
  valueMissing: (field) =>
    field.type === 'password'
      ? 'Enter a password.'
      : field.type === 'email'
        ? 'Enter an email address.'
        : 'Fill this in.',
  typeMismatch: () => 'Enter an email address, such as ada@example.com.',
  tooShort: (field) => `Use at least ${field.minLength} characters.`,
};

// The server also takes the address out of "Ada <ada@example.com>", and says what is wrong with it.
const isForServer = (name, field) => name === 'typeMismatch' && field.value.includes('@');

function validate(field) {
  const kind = Object.keys(messages).find((name) => field.validity[name] && !isForServer(name, field));
  if (kind) return messages[kind](field);
  // tooShort is only set after user input, so check autofilled values here.
  return field.minLength > 0 && field.value && field.value.length < field.minLength ? messages.tooShort(field) : '';
}

function show(field, text) {
  const place = document.getElementById(field.getAttribute('aria-describedby')?.split(' ').at(-1));
  if (!place) return;
  place.textContent = text;
  place.className = text ? 'field-validation-error' : 'field-validation-valid';
  field.classList.toggle('input-validation-error', text !== '');
  field.toggleAttribute('aria-invalid', false);
  if (text) field.setAttribute('aria-invalid', 'true');
}

for (const form of document.querySelectorAll('form[data-validate]')) {
  const fields = [...form.querySelectorAll('input[aria-describedby]')];
  form.addEventListener('submit', (event) => {
    const invalid = fields.filter((field) => {
      const text = validate(field);
      show(field, text);
      return text !== '';
    });
    if (invalid.length === 0) return;
    event.preventDefault();
    invalid[0].focus();
  });
  for (const field of fields)
    field.addEventListener('input', () => {
      if (field.getAttribute('aria-invalid') === 'true') show(field, validate(field));
    });
}
