import { sameText, type Text } from './notes';

/** Unsaved text. */
export interface Draft extends Text {
  /** The version that the text is based on; null for a new note. */
  etag: string | null;
  /** The organization of the note; null or missing in the personal space. */
  organizationId?: string | null;
  /** The last attempt to create the note. A retry with the same text uses the same key, so it creates no duplicate. */
  attempt?: { key: string; title: string; body: string };
}

/**
 * Unsaved text by note, mirrored to sessionStorage so that it survives a reload and the sign-in page. Stored per user:
 * another user who signs in in this tab must not find it.
 */
export class Drafts {
  readonly #prefix: string;
  readonly #drafts = new Map<string, Draft>();
  readonly #listeners = new Set<() => void>();
  #ids: readonly string[] = [];
  #mirrored = true;

  constructor(userId: string) {
    this.#prefix = `lightning.draft.${userId}.`;
    for (const key of Object.keys(sessionStorage)) {
      if (!key.startsWith(this.#prefix)) continue;
      const draft = read(sessionStorage.getItem(key));
      if (draft) this.#drafts.set(key.slice(this.#prefix.length), draft);
      else sessionStorage.removeItem(key);
    }
    this.#ids = [...this.#drafts.keys()];
  }

  /** False if the browser could not store the text: it would be lost when the user leaves the page. */
  get survivesLeaving(): boolean {
    return this.#mirrored || this.#drafts.size === 0;
  }

  readonly get = (id: string): Draft | undefined => this.#drafts.get(id);

  readonly ids = (): readonly string[] => this.#ids;

  set(id: string, draft: Draft): void {
    const known = this.#drafts.has(id);
    this.#drafts.set(id, draft);
    if (!known) this.#ids = [...this.#drafts.keys()];
    this.#mirror(id, draft);
    this.#changed();
  }

  /** Mirrors the text again, in case the browser has cleared the storage. */
  store(): void {
    for (const [id, draft] of this.#drafts) this.#mirror(id, draft);
  }

  #mirror(id: string, draft: Draft): void {
    try {
      sessionStorage.setItem(this.#prefix + id, JSON.stringify(draft));
      this.#mirrored = true;
    } catch (error) {
      if (!(error instanceof DOMException)) throw error;
      this.#mirrored = false;
    }
  }

  remove(id: string): void {
    sessionStorage.removeItem(this.#prefix + id);
    if (!this.#drafts.delete(id)) return;
    this.#ids = [...this.#drafts.keys()];
    this.#changed();
  }

  clear(): void {
    for (const id of this.#ids) sessionStorage.removeItem(this.#prefix + id);
    this.#drafts.clear();
    this.#ids = [];
    this.#changed();
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}

/** Adds the idempotency key of the next attempt: a new one if the text has changed since the last attempt. */
export function withAttempt(draft: Draft): Draft & { attempt: NonNullable<Draft['attempt']> } {
  const { title, body } = draft;
  if (draft.attempt && sameText(draft.attempt, draft)) return { ...draft, attempt: draft.attempt };
  return { ...draft, attempt: { key: crypto.randomUUID(), title, body } };
}

function read(stored: string | null): Draft | null {
  const value: unknown = stored === null ? null : JSON.parse(stored);
  if (typeof value !== 'object' || value === null) return null;
  const draft = value as Partial<Draft>;
  return typeof draft.title === 'string' && typeof draft.body === 'string'
    ? { ...draft, title: draft.title, body: draft.body, etag: draft.etag ?? null }
    : null;
}
