import { z } from 'zod';
import { importedLicenseId } from '../../eventstore/ids.ts';
import { type Problem, problem } from '../problems.ts';
import { none, type Route, route } from '../route.ts';
import { importLicenseBody } from './issue-body.ts';
import { begin, isBegun, type OriginNeeds, originate, originReplies, sendFirst } from './originate.ts';

/** POST /v1/licenses/import: takes over a license from elsewhere, once per source and its reference there. */
export const importLicense = (needs: OriginNeeds): Route =>
  route({
    method: 'post',
    path: '/v1/licenses/import',
    operationId: 'importLicense',
    summary: 'Import a license',
    description:
      'A license as it is elsewhere, whose term may be over. Its history since historyFrom is asserted, not recorded. It gets a key of ours, in this answer only. source and sourceRef together are imported once; CODE_TAKEN names the license that was, as licenseId.',
    tag: 'Licenses',
    permission: 'changeLicenses',
    effect: 'append',
    request: z.object({ params: none, query: none, body: importLicenseBody }),
    replies: originReplies,
    rejections: ['TERM_INVALID', 'LIMIT_INVALID', 'ARCHIVED', 'CODE_TAKEN'],
    handle: ({ body: wanted }, call) =>
      originate(needs, call, 'importLicense', wanted, async (attempt) => {
        const { source, sourceRef, historyFrom } = wanted;
        const at = needs.now();
        const licenseId = importedLicenseId(call.caller.organizationId, source, sourceRef);
        const guard = () => imported(licenseId);
        if (await isBegun(needs, licenseId))
          return sendFirst(needs, call, wanted, { licenseId, attempt, guard, command: { at, compose: () => [] } });
        return begin(needs, call, wanted, {
          ...{ licenseId, attempt, at, guard },
          command: (origination) => ({
            type: 'ImportLicense',
            at,
            data: { ...origination, source, sourceRef, historyFrom },
          }),
        });
      }),
  });

const imported = (licenseId: string): Problem => {
  const detail = 'This was imported already.';
  return { ...problem('CODE_TAKEN', detail, [{ pointer: '/sourceRef', detail }]), extension: { licenseId } };
};
