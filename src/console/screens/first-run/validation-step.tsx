import type { AnswerOf } from '@license-ledger/client';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Copyable } from '../../parts/copy.tsx';
import { Failure } from '../../parts/failure.tsx';
import { Part } from '../../parts/part.tsx';
import { useOrganizationId } from '../../session/ledger.ts';
import { useSession } from '../../session/session-context.tsx';
import { firstRunTexts } from '../../texts/first-run-texts.ts';
import classes from './first-run.module.css';
import { validateCommand } from './validate-command.ts';

const pollMs = 2_000;

/** The step that shows the command to validate the license, and says when its validation has arrived. */
export const ValidationStep = ({ issued }: { readonly issued: AnswerOf<'issueLicense'> | null }) => {
  const names = firstRunTexts.steps.validate;
  return (
    <Part title={names.title}>
      <p className={classes.soft}>{issued === null ? names.later : names.text}</p>
      {issued !== null && (
        <>
          <div className={classes.command}>
            <Copyable text={validateCommand(location.origin, issued.licenseKey)} />
          </div>
          <Arrival licenseId={issued.license.id} />
        </>
      )}
    </Part>
  );
};

const Arrival = ({ licenseId }: { readonly licenseId: string }) => {
  const names = firstRunTexts.steps.validate;
  const organizationId = useOrganizationId();
  const session = useSession();
  const license = useQuery({
    queryKey: [organizationId, 'getLicense', 'first validation', licenseId],
    queryFn: async ({ signal }) =>
      (await session.call(organizationId, 'getLicense', { params: { licenseId } }, { signal })).data,
    // Only while the page is visible, and only until the validation has arrived.
    refetchInterval: ({ state }) => (hasArrived(state.data) ? false : pollMs),
  });
  const isDone = hasArrived(license.data);
  return (
    <>
      {license.isError && !isDone && <Failure error={license.error} onRetry={license.refetch} />}
      <p role="status" className={isDone ? classes.arrived : classes.waiting}>
        {isDone ? names.arrived : names.waiting}
      </p>
      {isDone && (
        <Link to="/$organizationId/licenses" params={{ organizationId }}>
          {names.next}
        </Link>
      )}
    </>
  );
};

const hasArrived = (license: AnswerOf<'getLicense'> | undefined): boolean =>
  (license?.lastValidatedAt ?? null) !== null;
