import type { AnswerOf } from '@license-ledger/client';
import { Button } from '../../parts/button.tsx';
import { Part } from '../../parts/part.tsx';
import { refusalTexts } from '../../texts/refusal-texts.ts';
import type { License } from '../../types.ts';
import classes from './refusal.module.css';
import type { RefusalRequest } from './refusal-request.ts';
import { StepView } from './step-view.tsx';

const texts = refusalTexts.repair;

/** The steps that make a license valid. Those that the console can take have a button where the role of the user may. */
export const RepairPart = ({
  explanation: { repairs, unrepairable },
  license,
  request,
  onNow,
}: {
  readonly explanation: AnswerOf<'explainValidation'>;
  readonly license: License;
  readonly request: RefusalRequest;
  /** Explains the same request now. */
  readonly onNow: () => void;
}) => {
  const isPast = repairs.length === 0 && unrepairable === null;
  return (
    <Part title={texts.title}>
      {isPast && (
        <>
          <p>{texts.past}</p>
          <div>
            <Button onClick={onNow}>{texts.explainNow}</Button>
          </div>
        </>
      )}
      {unrepairable !== null && <p>{texts.impossible}</p>}
      {repairs.length > 1 && <p className={classes.soft}>{texts.order}</p>}
      <ol className={classes.steps}>
        {repairs.map((repair) => (
          <li key={`${repair.code} ${repair.action} ${JSON.stringify(repair.body)}`}>
            <div className={classes.step}>
              <StepView step={repair} license={license} request={request} />
              {repair.alternatives.map((step) => (
                <div key={`${step.action} ${JSON.stringify(step.body)}`} className={classes.step}>
                  <span className={classes.soft}>{texts.or}</span>
                  <StepView step={step} license={license} request={request} />
                </div>
              ))}
            </div>
          </li>
        ))}
      </ol>
    </Part>
  );
};
