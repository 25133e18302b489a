import { useEffect } from 'react';
import { texts } from '../texts/catalogue.ts';

/** Sets the title of the page. */
export const useTitle = (title: string): void => {
  useEffect(() => {
    document.title = `${title} – ${texts.product}`;
  }, [title]);
};
