import { describe, test } from 'vitest';
import type { OrganizationEvent } from '../../../src/domain/organization/events.ts';
import { noLimits } from '../../../src/domain/organization/organization-limits.ts';
import {
  archivedEvent,
  archiveProject,
  changeProject,
  createProject,
  given,
  emailRef as metadataRef,
  on,
  organization,
  projectEvent,
  restoreProject,
} from './examples.ts';

const withOne = [...organization(), on(projectEvent('prj_1'))];
const archived = [...withOne, on(archivedEvent('prj_1'))];
const restored: OrganizationEvent = { type: 'ProjectRestored', data: { projectId: 'prj_1' } };
const changed = (name: string, reference: string | null): OrganizationEvent => ({
  type: 'ProjectChanged',
  data: { projectId: 'prj_1', name, metadataRef: reference },
});
const projectsMax = (projects: number) => ({ ...noLimits, projects });

describe('creating a project', () => {
  test('records its name and a reference to its metadata', () => {
    given(...organization())
      .when(createProject())
      .thenEvents(projectEvent('prj_1'));
    given(...organization())
      .when(createProject({ metadataRef }))
      .thenEvents({ type: 'ProjectCreated', data: { projectId: 'prj_1', name: 'Atlas', metadataRef } });
  });
  test('changes nothing when it is repeated', () =>
    given(...withOne)
      .when(createProject({ name: '' }))
      .thenNothing());
  test('is refused without a name', () =>
    given(...organization())
      .when(createProject({ name: ' ' }))
      .thenRejected('INVALID_REQUEST'));
  test('is refused with metadata instead of a reference', () =>
    given(...organization())
      .when(createProject({ metadataRef: '{"contact":"Ada"}' }))
      .thenRejected('INVALID_REQUEST'));
});

describe('changing a project', () => {
  test('records name and metadata', () => {
    given(...withOne)
      .when(changeProject({ name: 'Borealis' }))
      .thenEvents(changed('Borealis', null));
    given(...withOne)
      .when(changeProject({ metadataRef }))
      .thenEvents(changed('Atlas', metadataRef));
  });
  test('changes nothing when nothing differs', () => {
    given(...withOne)
      .when(changeProject())
      .thenNothing();
    given(...withOne, on(changed('Borealis', metadataRef)))
      .when(changeProject({ name: 'Borealis', metadataRef }))
      .thenNothing();
  });
  test('is refused for an unknown one', () =>
    given(...organization())
      .when(changeProject())
      .thenRejected('NOT_FOUND'));
  test('is refused for an archived one', () =>
    given(...archived)
      .when(changeProject({ name: 'x' }))
      .thenRejected('ARCHIVED'));
  test('is refused without a name, and with metadata instead of a reference', () => {
    given(...withOne)
      .when(changeProject({ name: '' }))
      .thenRejected('INVALID_REQUEST');
    given(...withOne)
      .when(changeProject({ metadataRef: 'text' }))
      .thenRejected('INVALID_REQUEST');
  });
});

describe('archiving a project', () => {
  test('is recorded', () =>
    given(...withOne)
      .when(archiveProject())
      .thenEvents(archivedEvent('prj_1')));
  test('changes nothing when it is repeated', () =>
    given(...archived)
      .when(archiveProject())
      .thenNothing());
  test('is refused for an unknown one', () =>
    given(...organization())
      .when(archiveProject())
      .thenRejected('NOT_FOUND'));
});

describe('restoring a project', () => {
  test('is recorded', () =>
    given(...archived)
      .when(restoreProject())
      .thenEvents(restored));
  test('that is not archived changes nothing', () => {
    given(...withOne)
      .when(restoreProject())
      .thenNothing();
    given(...archived, on(restored))
      .when(restoreProject())
      .thenNothing();
  });
  test('is refused for an unknown one', () =>
    given(...organization())
      .when(restoreProject())
      .thenRejected('NOT_FOUND'));
  test('lets it be changed again', () =>
    given(...archived, on(restored))
      .when(changeProject({ name: 'Borealis' }))
      .thenEvents(changed('Borealis', null)));
});

describe('the limit of projects', () => {
  const second = (limit: number) => createProject({ projectId: 'prj_2', limits: projectsMax(limit) });

  test('allows as many projects as it says', () => {
    given(...withOne)
      .when(second(2))
      .thenEvents(projectEvent('prj_2'));
    given(...withOne)
      .when(second(1))
      .thenRejected('PROJECT_LIMIT_EXCEEDED');
    given(...organization())
      .when(second(0))
      .thenRejected('PROJECT_LIMIT_EXCEEDED');
  });
  test('does not count archived ones', () =>
    given(...archived)
      .when(second(1))
      .thenEvents(projectEvent('prj_2')));
  test('applies to restoring too', () => {
    const full = [...archived, on(projectEvent('prj_2'))];
    given(...full)
      .when(restoreProject('prj_1', { limits: projectsMax(1) }))
      .thenRejected('PROJECT_LIMIT_EXCEEDED');
    given(...full)
      .when(restoreProject('prj_1', { limits: projectsMax(2) }))
      .thenEvents(restored);
  });
});
