import { cleanup, configure } from '@testing-library/react';
import { afterEach } from 'vitest';

// Generous for slow machines; passing tests do not wait for it.
configure({ asyncUtilTimeout: 5000 });

// jsdom does not implement the methods of <dialog>.
HTMLDialogElement.prototype.showModal ??= function (this: HTMLDialogElement) {
  this.open = true;
};
HTMLDialogElement.prototype.close ??= function (this: HTMLDialogElement) {
  this.open = false;
};

afterEach(() => {
  cleanup();
  sessionStorage.clear();
  history.replaceState(null, '', '/');
});
