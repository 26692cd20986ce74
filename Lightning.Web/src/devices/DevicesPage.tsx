import { useCallback, useEffect, useRef, useState } from 'react';
import { Dialog } from '../Dialog';
import { explain, RequestFailed } from '../http';
import { Ago } from '../notes/Ago';
import { hasMoved } from '../routing';
import { signIn } from '../session/session';
import { endDevice, endOthers, listDevices, nameOf, way, type Device } from './devices';

type Asking = 'others' | 'proof' | null;

/** Where the person is signed in, and a way to end each of it. */
export function DevicesPage() {
  const [devices, setDevices] = useState<Device[] | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const [done, setDone] = useState('');
  const [working, setWorking] = useState<string | null>(null);
  const [asking, setAsking] = useState<Asking>(null);
  const heading = useRef<HTMLHeadingElement>(null);

  useEffect(() => {
    document.title = 'Devices · Lightning';
    if (hasMoved()) heading.current?.focus();
  }, []);

  const load = useCallback(async (signal?: AbortSignal) => {
    setFailure(null);
    try {
      setDevices(await listDevices(signal));
    } catch (error) {
      if (!signal?.aborted) setFailure(`Your devices could not be listed. ${explain(error)}`);
    }
  }, []);

  useEffect(() => {
    const abort = new AbortController();
    void load(abort.signal);
    return () => abort.abort();
  }, [load]);

  async function end(what: string, act: () => Promise<void>, said: string) {
    setAsking(null);
    setFailure(null);
    setDone('');
    setWorking(what);
    try {
      await act();
    } catch (error) {
      // The page says by itself that this session has ended.
      if (isOver(error)) return;
      if (needsProof(error)) return setAsking('proof');
      // Gone already: what was asked for is true.
      if (!(error instanceof RequestFailed && error.status === 404)) return setFailure(`Nothing was ended. ${explain(error)}`);
    } finally {
      setWorking(null);
    }
    setDone(said);
    // The button that had the focus goes with its row.
    heading.current?.focus();
    await load();
  }

  const others = devices?.filter((device) => !device.current) ?? [];

  return (
    <main className="page devices">
      <h1 ref={heading} tabIndex={-1}>
        Devices
      </h1>
      <p>Where you are signed in. What you do not know, sign out, and then choose a new password.</p>
      <p role="status" className={done ? 'alert alert-success' : 'visually-hidden'}>
        {done}
      </p>
      <div role="alert">{failure && <p className="alert alert-danger">{failure}</p>}</div>
      {failure && devices === null && (
        <button type="button" onClick={() => void load()}>
          Try again
        </button>
      )}
      {devices && (
        <ul className="devices-list">
          {devices.map((device) => (
            <li key={device.id} className="card">
              <div className="devices-words">
                <h2>
                  {nameOf(device)} {device.current && <span className="badge">This device</span>}
                </h2>
                <p>
                  {device.acting ? (
                    'Signed in as themself, with nothing of yours'
                  ) : (
                    <>
                      {device.ip ?? 'Unknown address'}, by {way(device.methods)}
                    </>
                  )}
                </p>
                <p className="soft">
                  Last used <Ago at={device.lastSeenAt} /> · {device.acting ? 'begun' : 'signed in'} <Ago at={device.createdAt} />
                </p>
              </div>
              {!device.current && (
                <button
                  type="button"
                  className="button-danger"
                  disabled={working !== null}
                  aria-label={`Sign out ${nameOf(device)}`}
                  onClick={() => void end(device.id, () => endDevice(device.id), `${device.acting || device.device ? nameOf(device) : 'The device'} is signed out.`)}
                >
                  Sign out
                </button>
              )}
            </li>
          ))}
        </ul>
      )}
      {others.length > 0 && (
        <button type="button" disabled={working !== null} onClick={() => setAsking('others')}>
          Sign out everywhere else
        </button>
      )}
      {devices && others.length === 0 && <p className="soft">You are signed in nowhere else.</p>}

      {asking === 'others' && (
        <Dialog heading="Sign out everywhere else?" onClose={() => setAsking(null)}>
          <p>{others.length === 1 ? 'One other device is' : `${others.length} other devices are`} signed out at once. What is not saved there stays in its tab.</p>
          <div className="row">
            <button type="button" autoFocus onClick={() => setAsking(null)}>
              Cancel
            </button>
            <button type="button" className="button-danger" onClick={() => void end('others', endOthers, 'You are signed out everywhere else.')}>
              Sign out the others
            </button>
          </div>
        </Dialog>
      )}
      {asking === 'proof' && (
        <Dialog heading="Is it you?" onClose={() => setAsking(null)}>
          <p>You signed in some time ago. Sign in once more, and then end what you like.</p>
          <div className="row">
            <button type="button" onClick={() => setAsking(null)}>
              Cancel
            </button>
            <button type="button" autoFocus className="button-primary" onClick={() => signIn('/devices', 'login')}>
              Sign in again
            </button>
          </div>
        </Dialog>
      )}
    </main>
  );
}

const isOver = (error: unknown) => error instanceof RequestFailed && error.status === 401;

const needsProof = (error: unknown) => error instanceof RequestFailed && error.problem.type === '/problems/reauthentication-required';
