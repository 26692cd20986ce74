import { call } from '../http';

/** A place where the person is signed in. */
export interface Device {
  id: string;
  current: boolean;
  /** An administrator acts as the person in it. */
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

/** What a person calls it. */
export function nameOf(device: Device): string {
  return device.acting ? 'An administrator, acting as you' : (device.device ?? 'Unknown device');
}

const ways: Record<string, string> = { pwd: 'password', otp: 'code', pop: 'passkey', fed: 'another provider' };

/** How somebody signed in, in words. */
export function way(methods: string[]): string {
  return methods.flatMap((method) => ways[method] ?? []).join(' and ') || 'another way';
}
