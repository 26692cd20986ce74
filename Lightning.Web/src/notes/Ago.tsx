import { useEffect, useState } from 'react';

const units: [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
];
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
const date = new Intl.DateTimeFormat('en', { dateStyle: 'medium' });

export function ago(at: Date, now: Date): string {
  const seconds = (at.getTime() - now.getTime()) / 1000;
  if (seconds < -7 * 86_400) return date.format(at);
  for (const [unit, length] of units) if (seconds <= -length) return relative.format(Math.ceil(seconds / length), unit);
  // Also for times in the future: the clocks of server and client may differ.
  return 'just now';
}

export function Ago({ at }: { at: string }) {
  const [now, setNow] = useState(() => new Date());
  useEffect(() => {
    setNow(new Date());
    const tick = setInterval(() => setNow(new Date()), 30_000);
    return () => clearInterval(tick);
  }, [at]);
  return <time dateTime={at}>{ago(new Date(at), now)}</time>;
}
