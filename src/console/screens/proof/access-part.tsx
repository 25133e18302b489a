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
          <ChangeAccess access={accessOf(data)} />
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

/** The form with what became of the last change. It stays when the form begins again with other values. */
const ChangeAccess = ({ access }: { readonly access: Access }) => {
  const organizationId = useOrganizationId();
  const params = { organizationId };
  const change = useUnchangedCommand('changeOrganization', {
    read: 'getOrganization',
    input: { params },
    state: access,
    partOf: accessOf,
  });
  return (
    <>
      {/* The form begins with the values of now, and again after a change of somebody else. */}
      <AccessForm
        key={JSON.stringify(access)}
        access={access}
        isBusy={change.isPending}
        onSave={(body) => change.mutate({ params, body })}
      />
      {change.isError && <Failure error={change.error} />}
      <p role="status">{change.isSuccess && texts.saved}</p>
    </>
  );
};

type FormOfAccess = { readonly access: Access; readonly isBusy: boolean; readonly onSave: (access: Access) => void };

const AccessForm = ({ access, isBusy, onSave }: FormOfAccess) => {
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    onSave({ logIsPublic: form.has('public'), holdersGetProofs: form.has('holders') });
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
      <div>
        <Button type="submit" busy={isBusy}>
          {texts.save}
        </Button>
      </div>
    </form>
  );
};
