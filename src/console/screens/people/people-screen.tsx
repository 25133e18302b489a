import { Part } from '../../parts/part.tsx';
import { useMay } from '../../session/may.ts';
import { useTitle } from '../../shell/use-title.ts';
import { peopleTexts as texts } from '../../texts/people-texts.ts';
import { InvitationsPart } from './invitations-part.tsx';
import { KeysPart } from './keys-part.tsx';
import { MembersPart } from './members-part.tsx';
import { PasswordPart } from './password-part.tsx';
import classes from './people.module.css';
import { roleInWords } from './rights-in-words.ts';
import { roleNames } from './role-field.tsx';
import { SessionsPart } from './sessions-part.tsx';

/** The people and the API keys of the organization as far as the role may see them, and the own sessions. */
const People = () => {
  useTitle(texts.title);
  const may = useMay();
  return (
    <div className={classes.page}>
      <h1>{texts.title}</h1>
      {may('readMembers') && <MembersPart />}
      {may('manageMembers') && <InvitationsPart />}
      {may('readApiKeys') && <KeysPart />}
      <div className={classes.columns}>
        <SessionsPart />
        <PasswordPart />
      </div>
      {may('readMembers') && <RolesPart />}
    </div>
  );
};

const RolesPart = () => (
  <Part title={texts.rolesTitle}>
    <dl className={classes.roles}>
      {roleNames.map((role) => (
        <div key={role} className={classes.role}>
          <dt>{texts.roles[role]}</dt>
          <dd>{roleInWords(role)}</dd>
        </div>
      ))}
    </dl>
  </Part>
);

export default People;
