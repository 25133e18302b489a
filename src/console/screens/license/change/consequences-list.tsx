import { Failure } from '../../../parts/failure.tsx';
import { changeTexts as texts } from '../../../texts/license-change-texts.ts';
import classes from '../license.module.css';
import type { Preview } from './use-preview.ts';

/** What a command will do, in sentences. A screen reader reads them after each change of the form. */
export const Consequences = ({ sentences, failure }: Preview) => (
  <div role="status" className={classes.preview}>
    {failure !== undefined && <Failure {...failure} />}
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
