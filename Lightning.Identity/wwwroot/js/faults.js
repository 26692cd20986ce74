// Says what is wrong with a field beside it, before the form is sent. Without scripts the server says the same, at the same place.
const sentences = {
  valueMissing: field => field.type === 'password' ? 'Enter a password.' : field.type === 'email' ? 'Enter an email address.' : 'Fill this in.',
  typeMismatch: () => 'Enter an email address, such as ada@example.com.',
  tooShort: field => `Use at least ${field.minLength} characters.`,
};

function sentence(field) {
  const kind = Object.keys(sentences).find(name => field.validity[name]);
  if (kind) return sentences[kind](field);
  // A value that a script or the browser filled in is never "too short" by itself.
  return field.minLength > 0 && field.value && field.value.length < field.minLength ? sentences.tooShort(field) : '';
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

for (const form of document.querySelectorAll('form[data-faults]')) {
  const fields = [...form.querySelectorAll('input[aria-describedby]')];
  form.addEventListener('submit', event => {
    const faulty = fields.filter(field => {
      const text = sentence(field);
      show(field, text);
      return text !== '';
    });
    if (faulty.length === 0) return;
    event.preventDefault();
    faulty[0].focus();
  });
  for (const field of fields)
    field.addEventListener('input', () => {
      if (field.getAttribute('aria-invalid') === 'true') show(field, sentence(field));
    });
}
