import { afterAll, beforeAll } from 'vitest';
import { describeAppends } from './appends.ts';
import { describeBatchAppend } from './batch-append.ts';
import { describeConnections } from './connections.ts';
import { describeDeletes } from './deletes.ts';
import { describeErrors } from './errors.ts';
import { describeFeatures } from './features.ts';
import { describeFilters } from './filters.ts';
import { describeLinks } from './links.ts';
import { describeLog } from './log.ts';
import { describeMetadata } from './metadata.ts';
import { describeEventStore } from './port.ts';
import { describeReads } from './reads.ts';
import { type ContractServer, openContractServer } from './server.ts';
import { describeSubscriptions } from './subscriptions.ts';

let server: ContractServer;

beforeAll(async () => {
  server = await openContractServer();
});

afterAll(() => server.stop());

const open = () => server;

describeFeatures(open);
describeAppends('Append', open);
describeAppends('BatchAppend', open);
describeBatchAppend(open);
describeConnections(open);
describeErrors(open);
describeReads(open);
describeLog(open);
describeSubscriptions(open);
describeFilters(open);
describeDeletes(open);
describeMetadata(open);
describeLinks(open);
describeEventStore('The port', () => server.store, { pageEvents: 1_000 });
describeEventStore('The port with gathered appends', () => server.gathering, { pageEvents: 1_000 });
