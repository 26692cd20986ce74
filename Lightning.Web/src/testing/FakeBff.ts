import type { Device } from '../devices/devices';
import type { Problem } from '../http';
import type { Note, Text } from '../notes/notes';
import type { Share } from '../notes/shares';
import { FakeOrganizations } from '../organizations/FakeOrganizations';
import type { Role } from '../organizations/organizations';

/** The bodies of all requests together. */
type Sent = Text & {
  ids: string[];
  archived: boolean;
  address: string;
  canEdit: boolean;
  name: string;
  slug?: string;
  role: Role;
};
const emptyBody: Sent = {
  title: '',
  body: '',
  ids: [],
  archived: false,
  address: '',
  canEdit: false,
  name: '',
  role: 'member',
};

export interface Answer {
  status: number;
  body?: unknown;
  etag?: string;
}

/** An in-memory BFF and API. Pass `fetch` to `vi.stubGlobal`. */
export class FakeBff {
  userId: string | null = 'u-ada';
  /** The sessions of the user. */
  devices: Device[] = [device('here', { current: true })];
  /** The administrator who is impersonating the user. */
  act: { sub: string; name: string; mayWrite: boolean } | null = null;
  readonly endsAt = new Date(Date.now() + 1_800_000).toISOString();
  /** The deleted notes, by id. */
  readonly trash = new Map<string, Note>();
  /** Whether the last sign-in is too long ago to end sessions. */
  isStale = false;
  readonly calls: { method: string; path: string; query: URLSearchParams; headers: Headers }[] = [];
  readonly organizations = new FakeOrganizations();
  /** Replaces responses while set; `down` fails the request. */
  override: { on: string; answer: { status: number; problem?: Problem } | 'down' } | null = null;
  /** Whether requests for lists of notes never complete. */
  hold = false;
  readonly #notes = new Map<string, { note: Note; version: number }>();
  readonly #created = new Map<string, string>();
  /** The shares by id. */
  readonly shares = new Map<string, Share>();
  readonly #streams = new Set<ReadableStreamDefaultController<Uint8Array>>();
  #clock = Date.now() - 3_600_000;

  seed(...texts: Text[]): string[] {
    return texts.map((text) => this.#store(text).id);
  }

  /** Adds a note of an organization. */
  seedIn(organizationId: string, text: Text): string {
    return this.#store(text, organizationId).id;
  }

  /** Changes a note as another tab would. Sends no event. */
  change(id: string, text: Partial<Text>): void {
    const stored = this.#notes.get(id);
    if (stored) this.#write(id, { ...stored.note, ...text });
  }

  /** Ends the session as another device would. */
  end(): void {
    this.userId = null;
    this.closeStreams();
  }

  /** Closes the event streams, as a stopping replica does. */
  closeStreams(): void {
    for (const stream of this.#streams) stream.error(new TypeError('network error'));
    this.#streams.clear();
  }

  get isWatched(): boolean {
    return this.#streams.size > 0;
  }

  drop(id: string): void {
    this.#notes.delete(id);
  }

  /** The number of open event streams. */
  get listeners(): number {
    return this.#streams.size;
  }

  sendEvent(kind: 'changed' | 'gone', id: string): void {
    for (const stream of this.#streams) stream.enqueue(event(kind, id));
  }

  /** Tells that events may have been missed. */
  sendAnything(): void {
    for (const stream of this.#streams) stream.enqueue(event('anything', null));
  }

  /** Pins a note as another tab would. */
  pin(id: string): void {
    const stored = this.#notes.get(id);
    if (stored) this.#mark(stored.note, { pinnedAt: new Date().toISOString() });
  }

  get texts(): Text[] {
    return this.#newestFirst().map(({ title, body }) => ({ title, body }));
  }

  readonly fetch = (input: string, init: RequestInit = {}): Promise<Response> => {
    const url = new URL(input, location.origin);
    const headers = new Headers(init.headers);
    const method = init.method ?? 'GET';
    this.calls.push({ method, path: url.pathname, query: url.searchParams, headers });
    if (this.override && `${method} ${url.pathname}`.startsWith(this.override.on)) {
      const { answer } = this.override;
      if (answer === 'down') return Promise.reject(new TypeError('Failed to fetch'));
      return Promise.resolve(respond({ status: answer.status, body: answer.problem ?? {} }));
    }
    if (this.hold && method === 'GET' && url.pathname === '/api/v1/notes')
      return new Promise((_, refuse) =>
        init.signal?.addEventListener('abort', () => refuse(new DOMException('Aborted', 'AbortError'))),
      );
    if (url.pathname === '/api/v1/notes/events' && this.userId !== null)
      return Promise.resolve(this.#listen(init.signal ?? null));
    const sent = typeof init.body === 'string' ? (JSON.parse(init.body) as Sent) : emptyBody;
    return Promise.resolve(
      respond(headers.get('x-csrf') === '1' ? this.#answer(method, url, headers, sent) : { status: 400, body: {} }),
    );
  };

  #listen(signal: AbortSignal | null): Response {
    const stream = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#streams.add(controller);
        controller.enqueue(event('anything', null));
        signal?.addEventListener('abort', () => this.#streams.delete(controller) && controller.close());
      },
    });
    return new Response(stream, { headers: { 'content-type': 'text/event-stream' } });
  }

  #answer(method: string, url: URL, headers: Headers, text: Sent): Answer {
    if (this.userId === null) return { status: 401, body: { title: 'Not signed in' } };
    if (url.pathname === '/bff/user')
      return {
        status: 200,
        body: {
          id: this.userId,
          name: 'Ada Lovelace',
          email: 'ada@example.test',
          isAdmin: false,
          session: { endsAt: this.endsAt },
          act: this.act,
        },
      };
    if (url.pathname === '/bff/logout') {
      this.userId = null;
      return {
        status: 200,
        body: {
          redirect: this.act
            ? 'http://localhost:5103/accounts/u-ada'
            : 'http://localhost:5101/connect/endsession?client_id=lightning-bff',
        },
      };
    }
    if (url.pathname.startsWith('/bff/sessions') && this.act)
      return { status: 403, body: { type: '/problems/acting' } };
    if (url.pathname.startsWith('/bff/sessions')) return this.#sessions(method, url);
    const notes = [...this.#notes.values()].filter(({ note }) => url.pathname.includes(`/${note.organizationId}/`));
    const answer = this.organizations.answer(method, url.pathname, headers, text, notes.length);
    if (answer) return answer;
    if (url.pathname.includes('/shares')) return this.#sharing(method, url.pathname, text);
    if (/\/trash|\/restore$/.test(url.pathname)) return this.#trashed(method, url);
    if (url.pathname === '/api/v1/notes/archive') return this.#archive(text);
    const id = /^\/api\/v1\/notes\/(.+)$/.exec(url.pathname)?.[1];
    return id === undefined ? this.#collection(method, url, headers, text) : this.#single(method, id, headers, text);
  }

  #sessions(method: string, url: URL): Answer {
    if (method === 'GET') return { status: 200, body: this.devices };
    if (this.isStale) return { status: 403, body: { type: '/problems/reauthentication-required' } };
    const id = url.pathname.slice('/bff/sessions/'.length);
    if (id === '' && url.searchParams.get('others') !== 'true') return { status: 400, body: {} };
    if (id !== '' && !this.devices.some((one) => one.id === id)) return { status: 404, body: {} };
    this.devices = this.devices.filter((one) => (id === '' ? one.current : one.id !== id));
    return { status: 204 };
  }

  /** Whether the user may use a space; null is the personal one. */
  #mayUse(organizationId: string | null): boolean {
    return organizationId === null || this.organizations.isMember(organizationId);
  }

  #collection(method: string, url: URL, headers: Headers, text: Text): Answer {
    const organizationId = url.searchParams.get('organization');
    if (!this.#mayUse(organizationId)) return { status: 404, body: { title: 'Not found' } };
    if (method === 'GET') {
      const asked = (name: string) => url.searchParams.get(name);
      const all = this.#newestFirst().filter(
        (note) =>
          note.organizationId === organizationId &&
          (note.archivedAt !== null) === (asked('archived') === 'true') &&
          (asked('pinned') === null || (note.pinnedAt !== null) === (asked('pinned') === 'true')) &&
          (asked('shared') === null || note.isOwn !== (asked('shared') === 'true')) &&
          `${note.title} ${note.body}`.toLowerCase().includes((asked('q') ?? '').toLowerCase()),
      );
      const start = all.findIndex((note) => note.id === url.searchParams.get('after')) + 1;
      const items = all.slice(start, start + Number(url.searchParams.get('limit')));
      return {
        status: 200,
        body: { items, next: start + items.length < all.length ? (items.at(-1)?.id ?? null) : null },
      };
    }
    if (text.title === '') return untitled;
    const key = headers.get('idempotency-key') ?? crypto.randomUUID();
    const known = this.#notes.get(this.#created.get(key) ?? '');
    const note = known?.note ?? this.#store(text, organizationId);
    this.#created.set(key, note.id);
    return { status: 201, body: note, etag: note.etag };
  }

  #trashed(method: string, { pathname: path, searchParams }: URL): Answer {
    if (path === '/api/v1/notes/trash')
      return {
        status: 200,
        body: {
          items: [...this.trash.values()]
            .filter((note) => note.organizationId === searchParams.get('organization'))
            .reverse()
            .map((note) => ({
              ...note,
              deletedAt: new Date().toISOString(),
              can: { restore: true, delete: true },
            })),
          next: null,
        },
      };
    const [id = ''] = /[\da-f-]{36}/.exec(path) ?? [];
    const note = this.trash.get(id);
    if (!note) return { status: 404, body: { title: 'Not found' } };
    this.trash.delete(id);
    if (method === 'DELETE') return { status: 204 };
    this.#notes.set(id, { note, version: 7 });
    const restored = this.#mark(note, {});
    return { status: 200, body: restored, etag: restored.etag };
  }

  #archive({ ids, archived }: Sent): Answer {
    for (const id of ids) {
      const stored = this.#notes.get(id);
      if (stored) this.#mark(stored.note, { archivedAt: archived ? new Date().toISOString() : null });
    }
    return { status: 200, body: { ids } };
  }

  #sharing(method: string, path: string, { address, canEdit }: Sent): Answer {
    const [, note] = /notes\/([^/]+)\/shares$/.exec(path) ?? [];
    const [, id = ''] = /shares\/(.+)$/.exec(path) ?? [];
    const all = [...this.shares.values()];
    if (note !== undefined && method === 'GET')
      return { status: 200, body: { items: all.filter((share) => share.noteId === note) } };
    if (note !== undefined) {
      if (!address.includes('@'))
        return { status: 400, body: { errors: { address: ['Enter an email address, such as ada@example.com.'] } } };
      if (all.some((share) => share.noteId === note && share.address === address))
        return { status: 409, body: { detail: 'The note is already shared with this address.' } };
      return {
        status: 201,
        body: this.#put({
          id: crypto.randomUUID(),
          noteId: note,
          address,
          canEdit,
          createdAt: new Date().toISOString(),
          etag: '',
          can: { update: true, delete: true },
        }),
      };
    }
    const share = this.shares.get(id);
    if (!share) return { status: 404, body: { title: 'Not found' } };
    if (method === 'PUT') return { status: 200, body: this.#put({ ...share, canEdit }) };
    this.shares.delete(id);
    if (this.#notes.get(share.noteId)?.note.isOwn === false) this.#notes.delete(share.noteId);
    return { status: 204 };
  }

  #put(share: Share): Share {
    const stored = { ...share, etag: share.canEdit ? '"edit"' : '"read"' };
    this.shares.set(share.id, stored);
    return stored;
  }

  /** Adds a note of another user that is shared with this one. */
  receive(text: Text): string {
    const id = this.#store(text).id;
    const stored = this.#notes.get(id);
    if (stored)
      this.#notes.set(id, {
        ...stored,
        note: {
          ...stored.note,
          isOwn: false,
          can: { update: false, delete: false, pin: false, archive: false, share: false },
        },
      });
    this.#put({
      id: crypto.randomUUID(),
      noteId: id,
      address: 'ada@example.test',
      canEdit: false,
      createdAt: new Date().toISOString(),
      etag: '',
      can: { update: false, delete: true },
    });
    return id;
  }

  /** Changes properties other than the text, without a new update time. */
  #mark(note: Note, change: Partial<Note>): Note {
    const version = (this.#notes.get(note.id)?.version ?? 0) + 1;
    const marked = { ...note, ...change, etag: `"${version}"` };
    this.#notes.set(note.id, { note: marked, version });
    return marked;
  }

  #single(method: string, path: string, headers: Headers, text: Text): Answer {
    const [id = '', what] = path.split('/');
    const stored = this.#notes.get(id);
    if (!stored || !this.#mayUse(stored.note.organizationId)) return { status: 404, body: { title: 'Not found' } };
    if (method === 'GET') return { status: 200, body: stored.note, etag: stored.note.etag };
    if (headers.get('if-match') !== stored.note.etag) return { status: headers.has('if-match') ? 412 : 428, body: {} };
    if (what === 'pinned' || what === 'archived') {
      const note = this.#mark(stored.note, {
        [what === 'pinned' ? 'pinnedAt' : 'archivedAt']: method === 'PUT' ? new Date().toISOString() : null,
      });
      return { status: 200, body: note, etag: note.etag };
    }
    if (method === 'DELETE') {
      this.#notes.delete(id);
      this.trash.set(id, stored.note);
      return { status: 204 };
    }
    if (text.title === '') return untitled;
    const note = this.#write(id, { ...stored.note, ...text });
    return { status: 200, body: note, etag: note.etag };
  }

  #store(text: Text, organizationId: string | null = null): Note {
    return this.#write(crypto.randomUUID(), text, organizationId);
  }

  #write(id: string, { title, body }: Text, inOrganization: string | null = null): Note {
    const version = (this.#notes.get(id)?.version ?? 0) + 1;
    const now = new Date((this.#clock += 1000)).toISOString();
    const createdAt = this.#notes.get(id)?.note.createdAt ?? now;
    const before = this.#notes.get(id)?.note;
    const organizationId = before?.organizationId ?? inOrganization;
    const share = organizationId === null;
    const can = before?.can ?? { update: true, delete: true, pin: true, archive: true, share };
    const { archivedAt = null, pinnedAt = null, isOwn = true } = before ?? {};
    const note: Note = {
      id,
      title,
      body,
      createdAt,
      updatedAt: now,
      archivedAt,
      pinnedAt,
      isOwn,
      organizationId,
      etag: `"${version}"`,
      can,
    };
    this.#notes.set(id, { note, version });
    return note;
  }

  #newestFirst(): Note[] {
    return [...this.#notes.values()].map(({ note }) => note).sort((a, b) => b.updatedAt.localeCompare(a.updatedAt));
  }
}

const untitled: Answer = {
  status: 400,
  body: { title: 'One or more validation errors occurred.', errors: { Title: ['Required.'] } },
};

const event = (kind: string, id: string | null) =>
  new TextEncoder().encode(`event: ${kind}\ndata: ${JSON.stringify({ id })}\n\n`);

function respond({ status, body, etag }: Answer): Response {
  const headers = new Headers();
  if (body !== undefined) headers.set('content-type', status >= 400 ? 'application/problem+json' : 'application/json');
  if (etag !== undefined) headers.set('etag', etag);
  return new Response(body === undefined ? null : JSON.stringify(body), { status, headers });
}

export function device(id: string, rest: Partial<Device> = {}): Device {
  const now = new Date().toISOString();
  return {
    id,
    current: false,
    acting: false,
    device: 'Firefox on Linux',
    ip: '192.0.2.7',
    methods: ['pwd'],
    createdAt: now,
    lastSeenAt: now,
    ...rest,
  };
}
