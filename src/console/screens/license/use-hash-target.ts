import { useLocation } from '@tanstack/react-router';
import { useEffect } from 'react';

/** Moves to the element that the address names, such as a device, when its list has arrived. */
export const useHashTarget = (isReady: boolean): void => {
  const { hash } = useLocation();
  useEffect(() => {
    const element = isReady && hash !== '' ? document.getElementById(hash) : null;
    if (element === null) return;
    element.dataset.named = 'true';
    element.scrollIntoView({ block: 'center' });
    element.focus({ preventScroll: true });
    return () => {
      delete element.dataset.named;
    };
  }, [hash, isReady]);
};
