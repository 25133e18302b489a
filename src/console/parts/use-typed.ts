import { useState } from 'react';

/**
 * The text of a field with a value in the address. It changes while somebody types, and follows the address when that
 * changes. The field stays the same, so it does not lose the focus.
 */
export const useTyped = (value: string): readonly [typed: string, setTyped: (typed: string) => void] => {
  const [typed, setTyped] = useState(value);
  const [followed, setFollowed] = useState(value);
  if (followed !== value) {
    setFollowed(value);
    setTyped(value);
  }
  return [typed, setTyped];
};
