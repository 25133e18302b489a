import { useState } from 'react';
import { Failure } from '../../parts/failure.tsx';
import { Loading } from '../../parts/loading.tsx';
import { useOrganizationId, useRead } from '../../session/ledger.ts';
import { useTitle } from '../../shell/use-title.ts';
import { refusalTexts as texts } from '../../texts/refusal-texts.ts';
import { Answer, RulesPart } from './answer.tsx';
import { DenialsPart } from './denials-part.tsx';
import classes from './refusal.module.css';
import { RefusalForm } from './refusal-form.tsx';
import { type RefusalRequest, requestOfDenial } from './refusal-request.ts';
import { RepairPart } from './repair-part.tsx';
import { useRefusalRequest } from './use-refusal-request.ts';

/** Explains why a validation was refused, and offers what helps. */
const RefusalScreen = () => {
  useTitle(texts.title);
  const { request, form, ask } = useRefusalRequest();
  return (
    <div className={classes.page}>
      <h1>{texts.title}</h1>
      <RefusalForm key={form} request={request} onAsk={ask} />
      {request !== null && <Explained request={request} onAsk={(next) => ask(next, { showsInForm: true })} />}
    </div>
  );
};

const Explained = ({
  request,
  onAsk,
}: {
  readonly request: RefusalRequest;
  readonly onAsk: (request: RefusalRequest) => void;
}) => {
  const [denied, setDenied] = useState<{ readonly code: string; readonly request: RefusalRequest } | null>(null);
  const explanation = useRead('explainValidation', { body: request });
  const licenseId = explanation.data?.licenseId ?? null;
  const license = useRead('getLicense', { params: { licenseId: licenseId ?? '' } }, { enabled: licenseId !== null });
  const organizationId = useOrganizationId();
  if (explanation.isPending) return <Loading />;
  if (explanation.data === undefined) return <Failure error={explanation.error} onRetry={explanation.refetch} />;
  const { data } = explanation;
  const isOther = denied !== null && denied.request === request && !data.reasons.some((code) => code === denied.code);
  return (
    <>
      {explanation.isError && <Failure error={explanation.error} onRetry={explanation.refetch} />}
      <Answer
        explanation={data}
        at={request.at ?? null}
        holder={license.data?.issuerOrganizationId === organizationId ? license.data.holderOrganizationId : null}
      />
      {isOther && <p role="status">{texts.denials.otherAnswer}</p>}
      {license.isError && <Failure error={license.error} onRetry={license.refetch} />}
      {license.data !== undefined && !data.valid && (
        <RepairPart
          explanation={data}
          license={license.data}
          request={request}
          onNow={() => onAsk({ ...withoutInstant(request), ...(licenseId === null ? {} : { licenseId }) })}
        />
      )}
      <RulesPart rules={data.rules} />
      {licenseId !== null && (
        <DenialsPart
          licenseId={licenseId}
          onExplain={(denial) => {
            const asked = requestOfDenial(denial, licenseId, request);
            setDenied({ code: denial.code, request: asked });
            onAsk(asked);
          }}
        />
      )}
    </>
  );
};

/** Returns the request without its instant, and without its key, which must not come into the fields. */
const withoutInstant = ({ at: _at, licenseKey: _key, ...others }: RefusalRequest): RefusalRequest => others;

export default RefusalScreen;
