import { useEffect } from 'react';
import { texts } from '../texts/texts.ts';

/** Sets the title of the page. */
export const useTitle = (title: string): void => {
  useEffect(() => {
    document.title = `${title} – ${texts.product}`;
  }, [title]);
};
