import type { AnswerOf } from '@license-ledger/client';
import type { FormEvent } from 'react';
import { Button } from '../../parts/button.tsx';
import { Failure } from '../../parts/failure.tsx';
import { CheckField } from '../../parts/field.tsx';
import { Loading } from '../../parts/loading.tsx';
import { Part } from '../../parts/part.tsx';
import { useOrganizationId, useRead, useUnchangedCommand } from '../../session/ledger.ts';
import { proofTexts } from '../../texts/proof-texts.ts';
import classes from './proof.module.css';

const texts = proofTexts.access;

type Access = Pick<AnswerOf<'getOrganization'>, 'logIsPublic' | 'holdersGetProofs'>;

/** Who else reads the log. `mayChange`: the user may change it. */
export const AccessPart = ({ mayChange }: { readonly mayChange: boolean }) => {
  const organizationId = useOrganizationId();
  const { data, isError, error, refetch } = useRead('getOrganization', { params: { organizationId } });
  return (
    <Part title={texts.title}>
      <p>{texts.text}</p>
      {data === undefined && !isError && <Loading />}
      {isError && <Failure error={error} onRetry={refetch} />}
      {data !== undefined &&
        (mayChange ? (
          // The form begins with the values of now, and again after a change of somebody else.
          <AccessForm key={JSON.stringify(accessOf(data))} access={accessOf(data)} />
        ) : (
          <>
            <p>{data.logIsPublic ? texts.states.public : texts.states.private}</p>
            <p>{data.holdersGetProofs ? texts.states.holders : texts.states.noHolders}</p>
            <p className={classes.soft}>{texts.ask}</p>
          </>
        ))}
    </Part>
  );
};

const accessOf = ({ logIsPublic, holdersGetProofs }: Access): Access => ({ logIsPublic, holdersGetProofs });

const AccessForm = ({ access }: { readonly access: Access }) => {
  const organizationId = useOrganizationId();
  const params = { organizationId };
  const change = useUnchangedCommand('changeOrganization', {
    read: 'getOrganization',
    input: { params },
    state: access,
    partOf: accessOf,
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const body = { logIsPublic: form.has('public'), holdersGetProofs: form.has('holders') };
    change.mutate({ params, body });
  };
  return (
    <form className={classes.form} onSubmit={submit}>
      <CheckField label={texts.isPublic} hint={texts.isPublicHint} name="public" defaultChecked={access.logIsPublic} />
      <CheckField
        label={texts.holders}
        hint={texts.holdersHint}
        name="holders"
        defaultChecked={access.holdersGetProofs}
      />
      {change.isError && <Failure error={change.error} />}
      <p role="status">{change.isSuccess && texts.saved}</p>
      <div>
        <Button type="submit" busy={change.isPending}>
          {texts.save}
        </Button>
      </div>
    </form>
  );
};
