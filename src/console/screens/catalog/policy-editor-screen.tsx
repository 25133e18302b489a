import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { Failure } from '../../parts/failure.tsx';
import { Loading } from '../../parts/loading.tsx';
import { Part } from '../../parts/part.tsx';
import { useCommand, useOrganizationId, useRead, useSendUnchanged } from '../../session/ledger.ts';
import { usePermission } from '../../session/may.ts';
import { useOrganization } from '../../session/own-organizations.ts';
import { Refused } from '../../shell/refused.tsx';
import { useTitle } from '../../shell/use-title.ts';
import { catalogTexts } from '../../texts/catalog-texts.ts';
import type { Policy } from '../../types.ts';
import classes from './catalog.module.css';
import { DifferenceTable } from './difference-table.tsx';
import { PolicyEditor } from './policy-editor.tsx';
import { emptyPolicyForm, formOfPolicy, type PolicyChange } from './policy-form.ts';

/** Adds a policy, or the next version of the policy in the address. */
const PolicyEditorScreen = () => {
  const { policyId } = useParams({ strict: false });
  const organization = useOrganization();
  const mayChange = usePermission('changeCatalog');
  useTitle(catalogTexts.policies.createTitle);
  if (organization === null) return <Loading />;
  if (!mayChange) return <Refused text={catalogTexts.policies.refused} />;
  return policyId === undefined ? <Create /> : <Change key={policyId} policyId={policyId} />;
};

const useToPolicy = () => {
  const navigate = useNavigate();
  const organizationId = useOrganizationId();
  return (policyId: string) =>
    void navigate({ to: '/$organizationId/catalog/policies/$policyId', params: { organizationId, policyId } });
};

const Create = () => {
  const create = useCommand('createPolicy');
  const show = useToPolicy();
  return (
    <div className={classes.page}>
      <h1>{catalogTexts.policies.createTitle}</h1>
      <p className={classes.soft}>{catalogTexts.policies.createText}</p>
      <PolicyEditor
        policy={null}
        latest={null}
        initial={emptyPolicyForm}
        isBusy={create.isPending}
        error={create.error}
        onSave={(change, { name, tier, products }) =>
          create.mutate(
            { body: { ...change, name: name.trim(), tier, products: [...products] } },
            { onSuccess: ({ id }) => show(id) },
          )
        }
      />
    </div>
  );
};

const Change = ({ policyId }: { readonly policyId: string }) => {
  const policy = useRead('getPolicy', { params: { policyId } });
  // A later failure leaves the form as it is.
  if (policy.data === undefined)
    return policy.isError ? <Failure error={policy.error} onRetry={policy.refetch} /> : <Loading />;
  return <Changing policy={policy.data} />;
};

const Changing = ({ policy: current }: { readonly policy: Policy }) => {
  // The version that the form began with. What a colleague saves meanwhile must not change what was typed.
  const [policy] = useState(current);
  const [latest, setLatest] = useState(current);
  const save = useSave(latest, setLatest);
  const names = catalogTexts.policies;
  useTitle(names.changeTitle(policy.name));
  return (
    <div className={classes.page}>
      <h1>{names.changeTitle(policy.name)}</h1>
      <p className={classes.soft}>{names.changeText(latest.version + 1)}</p>
      <PolicyEditor
        policy={policy}
        latest={latest}
        initial={formOfPolicy(policy)}
        isBusy={save.isPending}
        error={save.error}
        onSave={(body) => save.mutate(body)}
      />
      {latest.version !== policy.version && (
        <Part title={names.meanwhileTitle(latest.version)}>
          <p role="alert">{names.meanwhile}</p>
          <DifferenceTable before={policy} after={latest} none={catalogTexts.versions.none} />
        </Part>
      )}
    </div>
  );
};

/**
 * Saves a change, unless the policy has a later version than the user has seen. `onNews` gets that version, and the next
 * attempt saves over it.
 */
const useSave = (seen: Policy, onNews: (latest: Policy) => void) => {
  const organizationId = useOrganizationId();
  const params = { policyId: seen.id };
  const send = useSendUnchanged('changePolicy', {
    read: 'getPolicy',
    input: { params },
    state: seen,
    partOf: ({ version }) => version,
  });
  const queries = useQueryClient();
  const show = useToPolicy();
  return useMutation<void, Error, PolicyChange>({
    mutationFn: async (body) => {
      const sent = await send({ params, body });
      if ('latest' in sent) onNews(sent.latest);
      else show(sent.answer.id);
    },
    onSettled: () => {
      void queries.invalidateQueries({ queryKey: [organizationId] });
    },
  });
};

export default PolicyEditorScreen;
