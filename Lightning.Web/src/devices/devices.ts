import { call } from '../http';

/** A session of the user. */
export interface Device {
  id: string;
  current: boolean;
  /** An administrator is impersonating the user in this session. */
  acting: boolean;
  device: string | null;
  ip: string | null;
  methods: string[];
  createdAt: string;
  lastSeenAt: string;
}

export async function listDevices(signal?: AbortSignal): Promise<Device[]> {
  return (await call<Device[]>('/bff/sessions', { signal })).body;
}

export async function endDevice(id: string): Promise<void> {
  await call<undefined>(`/bff/sessions/${id}`, { method: 'DELETE' });
}

export async function endOthers(): Promise<void> {
  await call<undefined>('/bff/sessions?others=true', { method: 'DELETE' });
}

/** The display name. */
export function nameOf(device: Device): string {
  return device.acting ? 'Administrator impersonating you' : (device.device ?? 'Unknown device');
}

// The account pages have the same words (SignInMethods).
const methodNames: Record<string, string> = { pwd: 'password', otp: 'code', pop: 'passkey', fed: 'another provider' };

/** The sign-in methods (RFC 8176) as text. */
export function describeMethods(methods: string[]): string {
  return methods.flatMap((method) => methodNames[method] ?? []).join(' and ') || 'an unknown method';
}
