import { createContext, use, useCallback, useEffect, useMemo, useRef, useState, type ReactNode } from 'react';
import { explain } from '../http';
import { onNoteEvent } from '../notes/events';
import { listMyInvitations, type Invitation } from './invitations';
import { listOrganizations, type Organization } from './organizations';

interface State {
  phase: 'loading' | 'ready' | 'failed';
  organizations: Organization[];
  /** The open invitations to the user. */
  invitations: Invitation[];
  reason: string | null;
  /** How many requests for the lists were answered. */
  answers: number;
}

export interface Organizations extends State {
  reload: () => void;
  /** Shows a created or changed organization before the lists are loaded again. */
  put: (organization: Organization) => void;
  drop: (organizationId: string) => void;
}

const initial: State = {
  phase: 'loading',
  organizations: [],
  invitations: [],
  reason: null,
  answers: 0,
};

const Current = createContext<Organizations | null>(null);

export function useOrganizations(): Organizations {
  const organizations = use(Current);
  if (!organizations) throw new Error('useOrganizations must be used within OrganizationsProvider.');
  return organizations;
}

/** Loads the lists again. True once there is an answer. */
export function useReloaded(): boolean {
  const { answers, reload } = useOrganizations();
  const [before] = useState(answers);
  useEffect(reload, [reload]);
  return answers > before;
}

/** Loads the user's organizations and invitations, and again whenever events may have been missed. */
export function OrganizationsProvider({ children }: { children: ReactNode }) {
  const [state, setState] = useState(initial);
  const pending = useRef<AbortController>(null);

  const reload = useCallback(() => {
    pending.current?.abort();
    const abort = new AbortController();
    pending.current = abort;
    Promise.all([listOrganizations(abort.signal), listMyInvitations(abort.signal)]).then(
      ([organizations, invitations]) => {
        if (abort.signal.aborted) return;
        setState((now) => ({
          ...now,
          phase: 'ready',
          organizations,
          invitations,
          reason: null,
          answers: now.answers + 1,
        }));
      },
      (error: unknown) => {
        if (abort.signal.aborted) return;
        setState((now) => ({
          ...now,
          // A failed refresh keeps the lists.
          phase: now.phase === 'ready' ? 'ready' : 'failed',
          reason: explain(error),
          answers: now.answers + 1,
        }));
      },
    );
  }, []);

  useEffect(() => {
    reload();
    // The stream ends and opens again when the user is added to an organization or removed from one.
    const stop = onNoteEvent((event) => event.kind === 'anything' && reload());
    return () => {
      stop();
      pending.current?.abort();
    };
  }, [reload]);

  const change = useCallback(
    (update: (organizations: Organization[]) => Organization[]) => {
      setState((now) => ({ ...now, organizations: update(now.organizations) }));
      // A pending answer may be older than the change.
      reload();
    },
    [reload],
  );

  const value = useMemo(
    () => ({
      ...state,
      reload,
      put: (changed: Organization) => change((all) => [...all.filter((other) => other.id !== changed.id), changed]),
      drop: (id: string) => change((all) => all.filter((other) => other.id !== id)),
    }),
    [state, reload, change],
  );
  return <Current value={value}>{children}</Current>;
}
