import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * Runs one project after the other, in the order of the configuration: a worker that turns to another project is replaced
 * by a new one, which has everything to load again.
 */
export class ByProject extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return this.ctx.projects.flatMap((project) => sorted.filter((file) => file.project === project));
  }
}
