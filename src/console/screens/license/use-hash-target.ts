import { useLocation } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import type { Pages } from '../../session/list-pages.ts';
import { useReadUntil } from '../../session/paged-list.ts';

/**
 * Moves once to the element that the address names, such as a device, when its list has it. Reads further pages until
 * then. `prefix`: how the ids of the list begin.
 */
export const useHashTarget = <Entry>(pages: Pages<Entry>, prefix: string, idOf: (entry: Entry) => string): void => {
  const { hash } = useLocation();
  const isNamed = hash.startsWith(prefix);
  const isThere = isNamed && pages.entries.some((entry) => idOf(entry) === hash);
  const last = useRef('');
  useReadUntil(pages, !isNamed || isThere);
  useEffect(() => {
    const element = isThere && hash !== last.current ? document.getElementById(hash) : null;
    if (element === null) return;
    last.current = hash;
    element.dataset.named = 'true';
    element.scrollIntoView({ block: 'center' });
    element.focus({ preventScroll: true });
    return () => {
      delete element.dataset.named;
    };
  }, [hash, isThere]);
};
