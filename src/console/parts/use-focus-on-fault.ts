import { useEffect, useRef } from 'react';

/** Moves the focus to the first field with a fault, after each try to send a form. Returns the ref of the form. */
export const useFocusOnFault = (tries: number) => {
  const element = useRef<HTMLFormElement>(null);
  useEffect(() => {
    if (tries > 0) element.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [tries]);
  return element;
};
