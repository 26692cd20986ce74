import { useEffect, useState } from 'react';

const delay = 250;

/** The value after it has not changed for a moment; an empty value immediately. */
export function useDebounced(value: string): string {
  const [debounced, setDebounced] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setDebounced(value), value === '' ? 0 : delay);
    return () => clearTimeout(timer);
  }, [value]);
  return debounced;
}
