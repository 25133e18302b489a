import { changeTexts as texts } from '../../../texts/license-change-texts.ts';
import classes from '../license.module.css';

/** What a command will do, in sentences. A screen reader reads them after each change of the form. */
export const Consequences = ({ sentences }: { readonly sentences: readonly string[] }) => (
  <div role="status" className={classes.preview}>
    {sentences.length > 0 && (
      <>
        <strong>{texts.preview.title}</strong>
        <ul className={classes.sentences}>
          {sentences.map((sentence) => (
            <li key={sentence}>{sentence}</li>
          ))}
        </ul>
      </>
    )}
  </div>
);
