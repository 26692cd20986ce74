import { useCallback, useEffect, useRef, useState } from 'react';
import { Dialog } from '../Dialog';
import { explain, RequestFailed } from '../http';
import { Ago } from '../notes/Ago';
import { hasMoved } from '../routing';
import { signIn } from '../session/session';
import { describeMethods, endDevice, endOthers, listDevices, nameOf, type Device } from './devices';

type OpenDialog = 'others' | 'sign-in' | null;

/** Lists the sessions of the user, who can end each of them. */
export function DevicesPage() {
  const [devices, setDevices] = useState<Device[] | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const [done, setDone] = useState('');
  const [working, setWorking] = useState<string | null>(null);
  const [dialog, setDialog] = useState<OpenDialog>(null);
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
      if (!signal?.aborted) setFailure(`Your devices could not be loaded. ${explain(error)}`);
    }
  }, []);

  useEffect(() => {
    const abort = new AbortController();
    void load(abort.signal);
    return () => abort.abort();
  }, [load]);

  async function end(id: string, request: () => Promise<void>, message: string) {
    setDialog(null);
    setFailure(null);
    setDone('');
    setWorking(id);
    try {
      await request();
    } catch (error) {
      // SessionEnded handles this.
      if (isSessionEnded(error)) return;
      if (needsSignIn(error)) return setDialog('sign-in');
      // 404: the session had already ended.
      if (!(error instanceof RequestFailed && error.status === 404))
        return setFailure(`The device was not signed out. ${explain(error)}`);
    } finally {
      setWorking(null);
    }
    setDone(message);
    // The focused button was removed with its row.
    heading.current?.focus();
    await load();
  }

  const others = devices?.filter((device) => !device.current) ?? [];

  return (
    <main className="page devices">
      <h1 ref={heading} tabIndex={-1}>
        Devices
      </h1>
      <p>You are signed in on these devices. If you do not recognize one, sign it out and change your password.</p>
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
              <div className="devices-text">
                <h2>
                  {nameOf(device)} {device.current && <span className="badge">This device</span>}
                </h2>
                <p>
                  {device.acting ? (
                    'Signed in with their own account'
                  ) : (
                    <>
                      {device.ip ?? 'Unknown address'}, with {describeMethods(device.methods)}
                    </>
                  )}
                </p>
                <p className="soft">
                  Last used <Ago at={device.lastSeenAt} /> · {device.acting ? 'started' : 'signed in'}{' '}
                  <Ago at={device.createdAt} />
                </p>
              </div>
              {!device.current && (
                <button
                  type="button"
                  className="button-danger"
                  disabled={working !== null}
                  aria-label={`Sign out ${nameOf(device)}`}
                  onClick={() =>
                    void end(
                      device.id,
                      () => endDevice(device.id),
                      `${device.acting || device.device ? nameOf(device) : 'The device'} was signed out.`,
                    )
                  }
                >
                  Sign out
                </button>
              )}
            </li>
          ))}
        </ul>
      )}
      {others.length > 0 && (
        <button type="button" disabled={working !== null} onClick={() => setDialog('others')}>
          Sign out all other devices
        </button>
      )}
      {devices && others.length === 0 && <p className="soft">You are not signed in on any other device.</p>}

      {dialog === 'others' && (
        <Dialog heading="Sign out all other devices?" onClose={() => setDialog(null)}>
          <p>
            {others.length === 1 ? '1 other device' : `${others.length} other devices`} will be signed out immediately.
            Unsaved text stays in the open tabs there.
          </p>
          <div className="row">
            <button type="button" autoFocus onClick={() => setDialog(null)}>
              Cancel
            </button>
            <button
              type="button"
              className="button-danger"
              onClick={() => void end('others', endOthers, 'All other devices were signed out.')}
            >
              Sign out other devices
            </button>
          </div>
        </Dialog>
      )}
      {dialog === 'sign-in' && (
        <Dialog heading="Sign in again" onClose={() => setDialog(null)}>
          <p>For your security, sign in again before you sign out other devices.</p>
          <div className="row">
            <button type="button" onClick={() => setDialog(null)}>
              Cancel
            </button>
            <button type="button" autoFocus className="button-primary" onClick={() => signIn('/devices', 'login')}>
              Sign in
            </button>
          </div>
        </Dialog>
      )}
    </main>
  );
}

const isSessionEnded = (error: unknown) => error instanceof RequestFailed && error.status === 401;

const needsSignIn = (error: unknown) =>
  error instanceof RequestFailed && error.problem.type === '/problems/reauthentication-required';
