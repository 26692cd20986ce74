interface Request {
  name: string;
  grant: (lock: Lock) => void;
}

/** Exclusive Web Locks of all tabs of one browser. Stub `navigator.locks` with it. */
export class FakeLocks {
  readonly #held = new Map<string, object>();
  readonly #waiting: Request[] = [];

  readonly request = async (
    name: string,
    { ifAvailable = false, signal }: LockOptions,
    callback: (lock: Lock | null) => unknown,
  ): Promise<unknown> => {
    if (ifAvailable && this.#held.has(name)) return callback(null);
    const lock = await new Promise<Lock>((grant, refuse) => {
      const request = { name, grant };
      this.#waiting.push(request);
      signal?.addEventListener('abort', () => {
        const place = this.#waiting.indexOf(request);
        if (place < 0) return;
        this.#waiting.splice(place, 1);
        refuse(new DOMException('Aborted', 'AbortError'));
      });
      this.#grant(name);
    });
    try {
      return await callback(lock);
    } finally {
      // Unless the tab has crashed before.
      if (this.#held.get(name) === lock) this.release(name);
    }
  };

  /** Releases the lock, as the browser does when the tab that holds it crashes. */
  release(name: string): void {
    this.#held.delete(name);
    this.#grant(name);
  }

  #grant(name: string): void {
    if (this.#held.has(name)) return;
    const next = this.#waiting.findIndex((request) => request.name === name);
    if (next < 0) return;
    const lock: Lock = { name, mode: 'exclusive' };
    this.#held.set(name, lock);
    this.#waiting.splice(next, 1)[0]?.grant(lock);
  }
}
