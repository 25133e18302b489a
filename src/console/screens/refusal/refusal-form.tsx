import { type FormEvent, useState } from 'react';
import { Button } from '../../parts/button.tsx';
import { localText } from '../../parts/dates.ts';
import { TextField } from '../../parts/field.tsx';
import { Part } from '../../parts/part.tsx';
import { texts as catalogue } from '../../texts/catalogue.ts';
import { refusalTexts } from '../../texts/refusal-texts.ts';
import classes from './refusal.module.css';
import { type Entered, enteredIn, type RefusalRequest } from './refusal-request.ts';

const texts = refusalTexts.form;
const faults = { empty: texts.empty, badKey: catalogue.find.badKey } as const;

/**
 * The fields of a request to explain. They show `request` at first. The page does not keep what is typed, so that a key is
 * in its field alone.
 */
export const RefusalForm = ({
  request,
  onAsk,
}: {
  readonly request: RefusalRequest | null;
  readonly onAsk: (request: RefusalRequest) => void;
}) => {
  const [fault, setFault] = useState<Exclude<Entered['kind'], 'request'> | null>(null);
  const submit = async (form: FormData) => {
    const entered = await enteredIn(form, request?.at ?? null);
    setFault(entered.kind === 'request' ? null : entered.kind);
    if (entered.kind === 'request') onAsk(entered.request);
  };
  const onSubmit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    void submit(new FormData(event.currentTarget));
  };
  const { licenseId, product, version, at, fingerprint, activationId, user, leaseHolder, environment } = request ?? {};
  const hasOthers = [user, leaseHolder, environment].some((value) => value !== undefined);
  const plain = { autoComplete: 'off', spellCheck: false } as const;
  return (
    <Part title={refusalTexts.request}>
      <p className={classes.soft}>{refusalTexts.intro}</p>
      <form className={classes.form} onSubmit={onSubmit} noValidate>
        <div className={classes.fields}>
          <TextField
            {...plain}
            label={texts.license}
            fault={fault === null ? undefined : faults[fault]}
            name="license"
            defaultValue={licenseId}
            maxLength={256}
            required
          />
          <TextField
            {...plain}
            label={texts.device}
            hint={texts.deviceHint}
            name="device"
            defaultValue={activationId ?? fingerprint}
            maxLength={256}
          />
          <TextField {...plain} label={texts.product} name="product" defaultValue={product} maxLength={40} />
          <TextField
            {...plain}
            label={texts.version}
            name="version"
            defaultValue={typeof version === 'string' ? version : undefined}
            maxLength={64}
          />
          <TextField
            label={texts.at}
            hint={texts.atHint}
            name="at"
            type="datetime-local"
            step={1}
            defaultValue={at === undefined ? undefined : localText(at)}
          />
        </div>
        <details className={classes.others} open={hasOthers}>
          <summary>{texts.others}</summary>
          <div className={classes.fields}>
            <TextField {...plain} label={texts.user} name="user" defaultValue={user} maxLength={256} />
            <TextField {...plain} label={texts.seat} name="seat" defaultValue={leaseHolder} maxLength={256} />
            <TextField
              {...plain}
              label={texts.environment}
              name="environment"
              defaultValue={environment}
              maxLength={64}
            />
          </div>
        </details>
        <div>
          <Button type="submit" kind="primary">
            {texts.submit}
          </Button>
        </div>
      </form>
    </Part>
  );
};
