import { frequentPasswords } from './frequent-passwords.ts';

// Passwords that attackers try early, besides those that leaked most often. All have at least eight characters, the
// minimum of a password, and are in lower case, because the comparison ignores case.
const ours = `
  12345678 123456789 1234567890 12345678910 123456789a 123456789q 12345678a 1234567a 12341234 123123123 123321123
  12344321 11223344 1122334455 111222333 11111111 111111111 1111111111 00000000 000000000 0000000000 22222222 33333333
  44444444 55555555 66666666 77777777 88888888 99999999 12121212 13131313 98765432 987654321 9876543210 87654321
  0987654321 01234567 012345678 0123456789 11235813 14725836 147258369 147852369 159357456 789456123 741852963 963852741
  25802580 31415926 10203040 123456789o 1234567q 1234qwer 123qweasd 123qweasdzxc 1a2b3c4d a1b2c3d4 a1b2c3d4e5 abc12345
  abcd1234 abcd12345 abcde123 abcdefgh abcdefg1 aa123456 aa12345678 a1234567 a12345678 a123456789 q1w2e3r4 q1w2e3r4t5
  q1w2e3r4t5y6 1q2w3e4r 1q2w3e4r5t 1q2w3e4r5t6y 1qaz2wsx 1qaz2wsx3edc 1qazxsw2 2wsx3edc zaq12wsx zaq1zaq1 !qaz2wsx
  qwertyui qwertyuiop qwertyuiop123 qwerty12 qwerty123 qwerty1234 qwerty12345 qwerty123456 qwertz123 qwertzui qwertzuiop
  azertyuiop azerty123 qweasdzxc qweqweqwe qwer1234 qwert123 qwert12345 asdfghjk asdfghjkl asdfasdf asdf1234 asdasdasd
  asd123456 asdfjkl; zxcvbnm1 zxcvbnm123 zxcvbnm, zxcasdqwe poiuytrewq lkjhgfdsa mnbvcxz1
  password password! password1 password1! password12 password12! password123 password123! password1234 password12345
  passw0rd passw0rd! passw0rd1 passw0rd123 p@ssword p@ssword1 p@ssword123 p@ssw0rd p@ssw0rd! p@ssw0rd1 p@ssw0rd123
  pa$$word pa$$w0rd pass1234 pass12345 pass123456 passpass passwort passwort1 passwort123 motdepasse contraseña
  contrasena senha123 password2 password3 password11 password01 password99 passwordpassword mypassword mypassword1
  newpassword yourpassword nopassword letmein1 letmein123 letmein! letmeinnow changeme changeme1 changeme123 changeme!
  changeit changethis default1 default123 defaultpassword temporary temp1234 temppass secret123 secret12 topsecret
  supersecret mysecret admin123 admin1234 admin12345 admin123456 admin@123 adminadmin administrator administrator1
  root1234 rootroot toor1234 user1234 username username1 guest123 test1234 test12345 testtest testing1 testing123
  tester123 demo1234 demodemo example1 example123 welcome1 welcome! welcome12 welcome123 welcome1234 welcome@123 welcome2
  iloveyou iloveyou1 iloveyou2 iloveyou! iloveyou123 iloveu123 loveyou1 lovelove loveme123 ilovegod iloveher
  sunshine sunshine1 princess princess1 princess123 football football1 baseball baseball1 basketball softball superman
  superman1 batman123 spiderman spiderman1 starwars starwars1 pokemon1 pokemon123 minecraft minecraft1 fortnite
  dragon123 dragonball monkey123 shadow123 master123 hunter123 killer123 michael1 jennifer jennifer1 jessica1 jordan23
  charlie1 charlie123 michelle michelle1 elizabeth alexander alexander1 christopher samantha samantha1 danielle victoria
  patricia stephanie benjamin jonathan nicholas margaret whatever whatever1 trustno1 computer computer1 computer123
  internet internet1 corvette mercedes ferrari1 porsche1 mustang1 chelsea1 arsenal1 liverpool liverpool1 barcelona
  barcelona1 realmadrid juventus manchester america1 australia scotland portugal friends1 forever1 chocolate chocolate1
  butterfly butterfly1 blink182 metallica metallica1 nirvana1 slipknot snoopy123 tinkerbell hellokitty teddybear
  cookie123 chicken1 bubbles1 strawberry pineapple blueberry summer123 winter123 spring123 autumn123 january1 february
  september november december midnight midnight1 rainbow1 sweetheart precious diamond1 freedom1 hello123 hello1234
  hellohello hello12345 google123 facebook facebook1 linkedin youtube1 samsung1 samsung123 microsoft windows1 matrix123
  access14 license1 license123 licenseserver correcthorsebatterystaple
`;

const common = new Set(`${ours} ${frequentPasswords}`.normalize('NFKC').trim().split(/\s+/));

/** Returns true for a common password. Ignores case and the Unicode encoding of characters. */
export const isCommonPassword = (password: string): boolean => common.has(password.normalize('NFKC').toLowerCase());
