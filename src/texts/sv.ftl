# Texter för anmälningsformuläret och för meddelanden, på svenska.

language-name = Svenska

## Formuläret

form-title = Anmäl ett fax
form-intro = Berätta om skräpfax eller annat obehörigt bruk. Du får ett kvitto genast, och ett svar när vi har beslutat.
form-required = Frågor märkta ”krävs” måste besvaras. Alla andra hjälper oss, men kan lämnas tomma.
form-optional-mark = (frivilligt)
form-required-mark = (krävs)
form-languages = Språk
form-skip = Hoppa till formuläret
form-send = Skicka anmälan
form-errors-title = Se över de här svaren igen
form-errors-intro = Inget har skickats. Det du skrev finns kvar.

who-title = Vem är du?
who-hint = Det räcker med ett av de två.
label-account = Kontonummer
hint-account = Om du har ett konto hos oss.
who-member = Du är inloggad på ditt konto. Anmälan görs för det.
label-contact = E-postadress eller telefonnummer
hint-contact = Om du inte har något konto. Svaret går dit, och inget annat.

fax-title = Vilket fax gäller det?
fax-hint = Ange faxets id om du har det. Ange annars numret som tog emot det, och ungefär när.
label-fax = Faxets id
hint-fax = Från din lista över fax eller från meddelandet som följde med det.
label-called = Numret som faxet kom till
hint-called = Till exempel +46 8 123 456 78.
label-date = Dagen det kom
hint-date = Lämna dag och tid tomma för det senaste faxet.
label-time = Ungefär vilken tid
hint-time = I lokal tid för det numret, till exempel 15:00.
label-caller = Numret det kom från
hint-caller = Om sidan eller din lista visar något.

what-title = Vad anmäler du?
label-category = Typ av anmälan
category-junk = Skräpfax: reklam som ingen har bett om
category-abuse = Annat obehörigt bruk: bedrägeri, trakasserier, översvämning, ett konto i fel händer
category-not-junk = Inte skräp: ett fax som jag ville ha hölls kvar eller avvisades
category-remove = Ta bort mig: jag vill inte ha fler fax från den här avsändaren
label-abuse = Typ av obehörigt bruk
hint-abuse = Bara för ”annat obehörigt bruk”.
abuse-unsaid = Inte angivet
abuse-fraud = Bedrägeri eller nätfiske
abuse-harassment = Trakasserier eller hot
abuse-flooding = Översvämning: många eller ändlösa fax
abuse-hijacked = Ett konto i fel händer
label-comment = Med egna ord
hint-comment = Högst 1 000 tecken; färre med å, ä, ö eller andra skriftsystem.

fcc-title = Mer om ett skräpfax (USA)
fcc-intro = Det här är frågorna i formulär 1088A från Federal Communications Commission. Svara på det du kan. Vi förvarar svaren förseglade, och du kan få dem som ett ifyllt formulär.
fcc-page-title = Vad sidan visar
fcc-consent-title = Du och avsändaren
label-name = Ditt namn
label-company = Ditt företag
label-address = Din postadress
label-telephone = Telefonnummer där du kan nås
label-line = Linjen som faxet kom på är
line-unsaid = Inte angivet
line-residential = för ett hushåll
line-business = för ett företag
label-shows-date = Står sändningsdatum på sidan?
label-shows-sender-name = Står avsändarens namn på sidan?
label-shows-sender-number = Står avsändarens nummer på sidan?
label-advertises = Är det reklam för varor, egendom eller tjänster?
label-advertised = Vad är det reklam för?
label-identifiers = Nummer, adresser och namn på sidan
hint-identifiers = Ett på varje rad: telefonnummer, e-postadresser, webbplatser, företagsnamn.
label-permission = Hade du gett tillstånd?
label-relationship = Gör du affärer med avsändaren?
label-opt-out-notice = Står det på sidan hur man avsäger sig fax?
label-opt-out-free = Är något av de sätten kostnadsfritt?
label-opt-out-requested = Har du bett avsändaren att sluta?
label-opt-out-date = När bad du om det?
answer-unsaid = Inte angivet
answer-yes = Ja
answer-no = Nej

## Vad som är fel med ett svar

fault-absent = Det här måste besvaras.
fault-who = Ange ditt kontonummer, eller var du kan nås.
fault-which = Ange faxets id, eller numret som det kom till.
fault-too-long = Det här är för långt (högst { $most } byte).
fault-characters = Här finns tecken som inte får förekomma, till exempel radbrytningar.
fault-number = Det här är inget telefonnummer. Skriv det med landsnummer, till exempel +46 8 123 456 78.
fault-date = Det här är inget datum. Skriv år, månad och dag, till exempel 2026-03-14.
fault-time = Det här är inget klockslag. Skriv timmar och minuter, till exempel 15:00.
fault-day = Ange också dagen.
fault-id = Det här är inget id för ett fax. Det har 32 siffror och bokstäver från a till f, eller ett `/` i sig.
fault-report-id = Det här är inget anmälningsnummer. Det har 32 siffror och bokstäver från a till f.
fault-choice = Välj ett av de här.
fault-too-many = De här är för många (högst { $most }).
fault-other = Det här kan inte användas. Kontrollera det.
fault-no-fax = Vi hittade inget sådant fax. Kontrollera numret, dagen och tiden.
fault-not-received = Det faxet kom inte till något av dina nummer, och kan därför inte anmälas från ditt konto.
fault-no-report = Det finns ingen sådan anmälan, eller inte längre.
fault-sign-in = Logga in för att anmäla från ditt konto, eller ange var du kan nås.

failed-title = Det här gick inte
failed-limit = Det kom för många anmälningar från dig eller ditt nätverk. Vänta { $seconds } sekunder och skicka igen.
failed-busy = Vi kan inte ta emot anmälningar just nu. Inget har gått förlorat: skicka igen om en minut.
failed-large = Svaren är för långa för att läsas.
failed-slow = Svaren tog för lång tid på vägen.
failed-unreadable = Svaren kunde inte läsas.
failed-foreign = Svaren kom från en annan webbplats. Öppna formuläret här och fyll i det.
failed-missing = Det finns ingen sådan sida.
failed-method = Den här sidan kan inte hämtas på det sättet.
failed-fault = Något är fel hos oss. Försök igen senare.
failed-back = Tillbaka till formuläret

## Kvittot och läget för en anmälan

receipt-title = Vi har tagit emot din anmälan
receipt-lead = Spara det här numret. Med det kan du se hur det går med din anmälan.
report-number = Anmälningsnummer
report-received = Mottagen
report-category = Anmält som
report-stands = Läge
report-follows = Vad som följer
report-outcome = Hur det gick
report-reason = Varför
report-decided = Beslutad
receipt-another = Gör en ny anmälan
receipt-status = Se hur det går med en anmälan
status-title = Hur går det med min anmälan?
status-intro = Skriv numret från ditt kvitto.
label-report = Anmälningsnummer
hint-report = 32 siffror och bokstäver från a till f.
status-show = Visa
status-counted = Kontrollerad och räknad
status-duplicate = Mottagen; du har anmält det här förut
status-suspended = Mottagen; den gäller för närvarande bara för dig
status-merged = Mottagen; så många kommer just nu att den läggs ihop med de andra
status-unverified = Mottagen; en människa kommer att se på den
outcome-open = Inte beslutad än. Du får besked.
outcome-upheld = Du fick rätt: något har gjorts åt avsändaren
outcome-not-upheld = Du fick inte rätt: inget har gjorts åt avsändaren
outcome-overturned = Det första beslutet ändrades efter överklagande
outcome-done = Klart: det du bad om gäller för dina nummer
outcome-retracted = Återtagen av dig
category-short-junk = skräpfax
category-short-abuse = annat obehörigt bruk
category-short-not-junk = inte skräp
category-short-remove = inga fler fax, tack

follows-blocked = Den räknas mot avsändaren från och med nu, och avsändaren är spärrad för dina nummer.
follows-welcome = Den räknas till avsändarens fördel från och med nu, och dess fax når dig igen.
follows-stopped = Fax mellan dig och avsändaren är stoppade från och med nu.
follows-not-blocked = Den är sparad och vi ser på den. Inget spärras för dina nummer: den här avsändaren kan inte spärras, eller så är våra listor fulla.
follows-nothing-more = Du har redan anmält det här faxet eller den här avsändaren i dag, så den här anmälan ger inget mer för andra. Det som den första gjorde för dig står kvar.
follows-own = Den verkar för dina nummer från och med nu. Den räknas inte för andra just nu, eftersom för många av dina anmälningar har varit ogrundade.
follows-looked-at = Vi hittar inte faxet hos oss, så en människa hos oss kommer att se på anmälan.
follows-merged = Vi får väldigt många anmälningar just nu. Din är sparad, och läggs ihop med andra om samma avsändare.
follows-listed = Vi kommer att se på den.

## Meddelanden. Ren text: ingen länk, ingen bild, inget som avslöjar om den har lästs.

notice-receipt-subject = Vi har tagit emot din anmälan
notice-receipt =
    Tack för din anmälan. Den har nummer { $report }.

    { $follows }

    Vi hör av oss när vi har beslutat. Om du har en fråga, skriv till { $contact } och ange anmälans nummer.

notice-outcome-upheld-subject = Du fick rätt i din anmälan
notice-outcome-upheld =
    Vi har beslutat om din anmälan { $report }: du hade rätt.

    Varför: { $reason } { $decider }

    Vi har vidtagit åtgärder mot avsändaren. Av hänsyn till andras integritet kan vi inte alltid säga vilka. Tack för din hjälp.

    Om du har en fråga, skriv till { $contact } och ange anmälans nummer.
notice-outcome-not-upheld-subject = Du fick inte rätt i din anmälan
notice-outcome-not-upheld =
    Vi har beslutat om din anmälan { $report }: inget har gjorts åt avsändaren.

    Varför: { $reason } { $decider }

    Det du har spärrat för dina egna nummer är fortfarande spärrat. Om du tycker att vi har fel, skriv till { $contact } och ange anmälans nummer: en annan människa ser då på den.
notice-outcome-overturned-subject = Vårt beslut om din anmälan har ändrats
notice-outcome-overturned =
    Vi har berättat hur vi beslutade om din anmälan { $report }. Efter ett överklagande har en annan människa beslutat annorlunda.

    Varför: { $reason } { $decider }

    Det som följde av det första beslutet är upphävt. Det du har spärrat för dina egna nummer är fortfarande spärrat. Om du har en fråga, skriv till { $contact } och ange anmälans nummer.

notice-outcome-done-subject = Det du bad om är gjort
notice-outcome-done =
    Vi har gjort det som din anmälan { $report } ber om.

    Varför du får veta det genast: { $reason } { $decider }

    Om du har en fråga, skriv till { $contact } och ange anmälans nummer.

notice-statement-subject = Vad vi har gjort, och varför: { $measure }
notice-statement =
    Vi har vidtagit en åtgärd som rör dig. Den har nummer { $id }.

    Vad vi gjorde: { $does }
    Det gäller: { $scope }
    Hur länge: { $lasts }

    Vad vi fann:
    { $facts }

    Med vilken grund: { $ground }
    { $found } { $decider }

    Om du tycker att det här är fel kan du överklaga till och med { $appeal_until }. Det kostar inget. Skriv till { $contact }, ange åtgärdens nummer och berätta varför. En annan människa än den som beslutade ser då på det, och aldrig bara en maskin.

notice-appeal-receipt-subject = Vi har tagit emot ditt överklagande
notice-appeal-receipt =
    Vi har tagit emot ditt överklagande av åtgärd { $id }.

    En människa som inte deltog i det första beslutet ser på det, och du får svar senast { $due }. Till dess gäller åtgärden som den är.

    Om du vill lägga till något, skriv till { $contact } och ange åtgärdens nummer.
notice-appeal-upheld-subject = Ditt överklagande: åtgärden står fast
notice-appeal-upheld =
    En annan människa har sett på åtgärd { $id }. Den står fast.

    Varför: { $reason }

    Om du har en fråga, skriv till { $contact } och ange åtgärdens nummer.
notice-appeal-overturned-subject = Ditt överklagande: åtgärden är upphävd
notice-appeal-overturned =
    En annan människa har sett på åtgärd { $id }. Du hade rätt, och den är upphävd med allt som följde av den. Vi beklagar besväret.

    Varför: { $reason }

    Om något fortfarande inte fungerar som det ska, skriv till { $contact } och ange åtgärdens nummer.

notice-ended-subject = En åtgärd har upphört: { $measure }
notice-ended =
    Åtgärd { $id } ({ $measure }) har upphört. { $ending }

    Om något fortfarande inte fungerar som det ska, skriv till { $contact } och ange åtgärdens nummer.

notice-warning-subject = Se efter noga innan du anmäler
notice-warning =
    { $unfounded ->
        [one] En av dina senaste { $of } anmälningar var ogrundad: { $percent } procent.
       *[other] { $unfounded } av dina senaste { $of } anmälningar var ogrundade: { $percent } procent.
    } En anmälan om en avsändare som inte har gjort något fel skadar den avsändarens goda namn.

    Om det fortsätter räknas dina anmälningar inte för andra under { $days ->
        [one] en dag
       *[other] { $days } dagar
    }. Det du spärrar för dina egna nummer fungerar i vilket fall som helst.

    Om du tycker att vi har fel om någon av dem, skriv till { $contact }.

notice-suspended-subject = Dina anmälningar räknas inte för andra under en tid
notice-suspended =
    Vi har varnat dig, och ändå var { $unfounded } av dina senaste { $of } anmälningar ogrundade. Till och med { $until } räknas dina anmälningar inte för andra.

    Det du spärrar för dina egna nummer fungerar fortfarande, och varje anmälan verkar fortfarande för dig. Därefter räknas dina anmälningar igen av sig själva.

    Du kan överklaga. Det kostar inget: skriv till { $contact }, så ser en annan människa på det.

## Ord i meddelanden

decider-person = En människa har beslutat det här.
decider-machine = Det här beslutades automatiskt, efter regler som människor har satt upp.
found-person = Det upptäcktes av människor.
found-machine = Det upptäcktes automatiskt.

reason-junk = faxet var reklam som du inte hade bett om.
reason-abuse = faxet var del av ett obehörigt bruk av tjänsten.
reason-campaign = samma fax gick till många andra som inte heller hade bett om det.
reason-opt-out = du hade bett om att inte få fler fax från den här avsändaren.
reason-wanted-confirmed = faxet var önskat, och vi hade fel som höll det kvar.
reason-no-evidence = vi fann inget som visar ett obehörigt bruk.
reason-permitted = avsändaren visar att du hade gått med på dess fax, eller gör affärer med den.
reason-not-ours = faxet kom inte genom vår tjänst, så vi kan inte göra något åt det.
reason-other-sender = numret på faxet tillhör inte den som skickade det.
reason-for-itself = det gäller dina egna nummer, och det finns inget mer att besluta.
reason-new-facts = uppgifter kom fram som inte var kända först.

measure-warn = varning
measure-limit = lägre gränser
measure-hold-outbound = utgående fax granskas
measure-suspend-outbound = sändning är avstängd
measure-block-sender = nummer spärrat
measure-block-campaign = kampanj spärrad
measure-block-numbers = nummerserie spärrad
measure-close = konto stängt
does-warn = vi varnar dig; inget är begränsat än.
does-limit = färre fax än vanligt kan skickas åt gången.
does-hold-outbound = utgående fax hålls kvar tills en människa har sett efter varför.
does-suspend-outbound = inga fax kan skickas. Fax kommer fortfarande in.
does-block-sender = fax från numret lämnas inte fram.
does-block-campaign = fax med samma sidor lämnas inte fram, vilket nummer de än kommer från.
does-block-numbers = fax från nummerserien lämnas inte fram.
does-close = kontot är stängt.

scope-account = ditt konto
scope-number = numret som du skickar från
scope-numbers = nummerserien som du skickar från
scope-campaign = fax med samma sidor
scope-trunk = samtal som kommer genom en viss operatör

lasts-until = till och med { $until }, och det upphör då av sig självt.
lasts-open = tills vi upphäver det.
lasts-once = det görs en gång.

fact-reports = – { $count ->
        [one] en anmälan från en mottagare
       *[other] { $count } anmälningar från mottagare
    } som vi har kontrollerat
fact-campaign = – samma sidor till { $count ->
        [one] en mottagare
       *[other] { $count } mottagare
    }
fact-fan-out = – fax till { $count ->
        [one] ett nummer
       *[other] { $count } olika nummer
    } på kort tid
fact-traps = – fax till { $count ->
        [one] ett nummer
       *[other] { $count } nummer
    } som ingen har
fact-opt-outs = – fax till { $count ->
        [one] en mottagare
       *[other] { $count } mottagare
    } som hade bett att slippa fler
fact-strikes = – { $count ->
        [one] en tidigare åtgärd som fortfarande räknas
       *[other] { $count } tidigare åtgärder som fortfarande räknas
    }
fact-volume = – långt fler fax än ditt konto brukar skicka
fact-takeover = – tecken på att kontot är i fel händer
fact-review = – det som en människa hos oss fann vid granskning

ground-contract = våra villkor, som förbjuder oönskad reklam och annat obehörigt bruk.
ground-us-junk-fax = USA:s lag om oönskad faxreklam (47 U.S.C. 227, 47 CFR 64.1200).
ground-eu-consent = Europeiska unionens rätt, som kräver samtycke före faxreklam (direktiv 2002/58/EG, artikel 13).
ground-other-law = den lag som gäller där mottagaren är.

ending-expired = Dess tid var ute.
ending-lifted = Vi har upphävt den i förtid.
ending-overturned = Den upphävdes efter överklagande, med allt som följde av den.
