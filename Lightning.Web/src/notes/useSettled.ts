import { useEffect, useState } from 'react';

const pause = 250;

/** A value once nobody has changed it for a moment; an empty one at once. */
export function useSettled(value: string): string {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), value === '' ? 0 : pause);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}
