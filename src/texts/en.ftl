# Texts of the report form and of notices, in English. Every other file has the same keys with the same variables.

language-name = English

## The form

form-title = Report a fax
form-intro = Tell us about junk faxes or other unauthorised use. You get a receipt at once, and an answer when we have decided.
form-required = Questions marked with “required” need an answer. All others help, and can be left empty.
form-optional-mark = (optional)
form-required-mark = (required)
form-languages = Languages
form-skip = Skip to the form
form-send = Send report
form-errors-title = Please look at these answers again
form-errors-intro = Nothing was sent. What you typed is still here.

who-title = Who are you?
who-hint = One of the two is enough.
label-account = Account number
hint-account = If you have an account with us.
who-member = You are signed in to your account. The report is filed for it.
label-contact = E-mail address or telephone number
hint-contact = If you have no account. The answer goes there, and nothing else.

fax-title = Which fax is it?
fax-hint = Give the id of the fax if you have it. Otherwise give the number that received it, and about when.
label-fax = Id of the fax
hint-fax = From your list of faxes or from the notice that came with it.
label-called = Number the fax was received on
hint-called = Such as +1 212 555 0123.
label-date = Day it arrived
hint-date = Leave day and time empty for the latest fax.
label-time = About what time
hint-time = In the local time of that number, such as 15:00.
label-caller = Number it came from
hint-caller = If the page or your list shows one.

what-title = What do you report?
label-category = Kind of report
category-junk = Junk fax: an advertisement that nobody asked for
category-abuse = Other unauthorised use: fraud, harassment, flooding, an account in other hands
category-not-junk = Not junk: a fax that I wanted was held back or refused
category-remove = Remove me: I want no more faxes from this sender
label-abuse = Kind of unauthorised use
hint-abuse = Only for “other unauthorised use”.
abuse-unsaid = Not said
abuse-fraud = Fraud or phishing
abuse-harassment = Harassment or threats
abuse-flooding = Flooding: many or endless faxes
abuse-hijacked = An account in other hands
label-comment = In your own words
hint-comment = At most 1,000 characters; fewer with accents or other scripts.

fcc-title = More about a junk fax (United States)
fcc-intro = These are the questions of form 1088A of the Federal Communications Commission. Answer what you can. We keep the answers under seal, and you can have them as a filled-in form.
fcc-page-title = What the page shows
fcc-consent-title = You and the sender
label-name = Your name
label-company = Your company
label-address = Your postal address
label-telephone = Telephone number to reach you
label-line = The fax came in on a line that is
line-unsaid = Not said
line-residential = residential
line-business = business
label-shows-date = Is the date of transmission on the page?
label-shows-sender-name = Is the name of the sender on the page?
label-shows-sender-number = Is the number of the sender on the page?
label-advertises = Does it advertise goods, property or services?
label-advertised = What is advertised?
label-identifiers = Numbers, addresses and names on the page
hint-identifiers = One on each line: telephone numbers, e-mail addresses, web sites, business names.
label-permission = Had you given permission?
label-relationship = Do you do business with the sender?
label-opt-out-notice = Does the page say how to opt out?
label-opt-out-free = Is one of those ways free of charge?
label-opt-out-requested = Have you asked the sender to stop?
label-opt-out-date = When did you ask?
answer-unsaid = Not said
answer-yes = Yes
answer-no = No

## What is wrong with an answer

fault-absent = This needs an answer.
fault-who = Give your account number, or where to reach you.
fault-which = Give the id of the fax, or the number it was received on.
fault-too-long = This is too long (at most { $most } bytes).
fault-characters = This has characters that cannot be here, such as line breaks.
fault-number = This is no telephone number. Write it with its country code, such as +1 212 555 0123.
fault-date = This is no date. Write it as year, month and day, such as 2026-03-14.
fault-time = This is no time of day. Write it as hours and minutes, such as 15:00.
fault-day = Give the day too.
fault-id = This is no id of a fax. It has 32 digits and letters from a to f, or a `/` in it.
fault-report-id = This is no report number. It has 32 digits and letters from a to f.
fault-choice = Choose one of these.
fault-too-many = These are too many (at most { $most }).
fault-other = This cannot be used. Please check it.
fault-no-fax = We found no such fax. Check the number, the day and the time.
fault-not-received = That fax did not reach a number of yours, so it cannot be reported from your account.
fault-no-report = There is no such report, or no longer.
fault-sign-in = Sign in to report from your account, or say where to reach you.

failed-title = This did not work
failed-limit = There were too many reports from you or your network. Please wait { $seconds } seconds and send it again.
failed-busy = We cannot take reports just now. Nothing was lost: please send it again in a minute.
failed-large = The answers are too long to be read.
failed-slow = The answers took too long to arrive.
failed-unreadable = The answers could not be read.
failed-foreign = The answers came from another web site. Open the form here and fill it in.
failed-missing = There is no such page.
failed-method = This page cannot be asked for in that way.
failed-fault = Something is wrong on our side. Please try again later.
failed-back = Back to the form

## The receipt and how a report stands

receipt-title = Your report was received
receipt-lead = Keep this number. With it you can see how your report stands.
report-number = Report number
report-received = Received
report-category = Reported as
report-stands = How it stands
report-follows = What follows
report-outcome = What became of it
report-reason = Why
report-decided = Decided
receipt-another = File another report
receipt-status = See how a report stands
status-title = How does my report stand?
status-intro = Type the number from your receipt.
label-report = Report number
hint-report = 32 digits and letters from a to f.
status-show = Show
status-counted = Checked and counted
status-duplicate = Received; you have reported this before
status-suspended = Received; it counts for you alone at present
status-merged = Received; so many come at present that it is joined with the others
status-unverified = Received; a person will look at it
outcome-open = Not decided yet. You will be told.
outcome-upheld = Upheld: something was done about the sender
outcome-not-upheld = Not upheld: nothing was done about the sender
outcome-overturned = The first decision was overturned on appeal
outcome-done = Done: what you asked for is in force for your numbers
outcome-retracted = Taken back by you
category-short-junk = junk fax
category-short-abuse = other unauthorised use
category-short-not-junk = not junk
category-short-remove = no more faxes, please

follows-blocked = It counts against the sender from now on, and the sender is blocked for your numbers.
follows-welcome = It counts for the sender from now on, and its faxes come through to you again.
follows-stopped = Faxes between you and the sender are stopped from now on.
follows-not-blocked = It is kept and looked at. Nothing is blocked by it for your numbers: this sender cannot be blocked, or our lists are full.
follows-nothing-more = You have already reported this fax or this sender today, so this report adds nothing for others. What the first one did for you stays.
follows-own = It acts for your numbers from now on. It does not count for others at present, since too many of your reports were unfounded.
follows-looked-at = We do not find the fax in our records, so a person of the abuse desk will look at it.
follows-merged = We receive very many reports just now. Yours is kept, and will be joined with others about the same sender.
follows-listed = Our abuse desk will look at it.

## Notices. Plain text: no link, no picture, nothing that tells whether it was read.

notice-receipt-subject = We have received your report
notice-receipt =
    Thank you for your report. Its number is { $report }.

    { $follows }

    We tell you when we have decided. If you have a question, write to { $contact } and name the number of the report.

notice-outcome-upheld-subject = Your report was upheld
notice-outcome-upheld =
    We have decided about your report { $report }: you were right.

    Why: { $reason } { $decider }

    We have taken steps about the sender. For reasons of privacy we cannot always tell you which. Thank you for your help.

    If you have a question, write to { $contact } and name the number of the report.
notice-outcome-not-upheld-subject = Your report was not upheld
notice-outcome-not-upheld =
    We have decided about your report { $report }: nothing was done about the sender.

    Why: { $reason } { $decider }

    What you blocked for your own numbers stays blocked. If you think that we are wrong, write to { $contact } and name the number of the report: another person will look at it.
notice-outcome-overturned-subject = What we decided about your report has changed
notice-outcome-overturned =
    We told you how we had decided about your report { $report }. After an appeal, another person has decided differently.

    Why: { $reason } { $decider }

    What followed from the first decision has been undone. What you blocked for your own numbers stays blocked. If you have a question, write to { $contact } and name the number of the report.

notice-outcome-done-subject = What you asked for is done
notice-outcome-done =
    We have done what your report { $report } asks for.

    Why you hear of it at once: { $reason } { $decider }

    If you have a question, write to { $contact } and name the number of the report.

notice-statement-subject = What we have done, and why: { $measure }
notice-statement =
    We have taken a measure that concerns you. Its number is { $id }.

    What we did: { $does }
    It concerns: { $scope }
    How long: { $lasts }

    What we found:
    { $facts }

    On what ground: { $ground }
    { $found } { $decider }

    If you think that this is wrong, you can appeal until { $appeal_until }. It costs nothing. Write to { $contact }, name the number of the measure, and tell us why. Another person than the one who decided will look at it, and never a machine alone.

notice-appeal-receipt-subject = We have received your appeal
notice-appeal-receipt =
    We have received your appeal about measure { $id }.

    A person who had no part in the first decision will look at it, and you will have an answer by { $due }. Until then the measure stays as it is.

    If you want to add something, write to { $contact } and name the number of the measure.
notice-appeal-upheld-subject = Your appeal: the measure stands
notice-appeal-upheld =
    Another person has looked at measure { $id }. It stands.

    Why: { $reason }

    If you have a question, write to { $contact } and name the number of the measure.
notice-appeal-overturned-subject = Your appeal: the measure is undone
notice-appeal-overturned =
    Another person has looked at measure { $id }. You were right, and it is undone, with everything that followed from it. We are sorry for the trouble.

    Why: { $reason }

    If something still does not work as it should, write to { $contact } and name the number of the measure.

notice-ended-subject = A measure has ended: { $measure }
notice-ended =
    Measure { $id } ({ $measure }) has ended. { $ending }

    If something still does not work as it should, write to { $contact } and name the number of the measure.

notice-warning-subject = Please look closely before you report
notice-warning =
    { $unfounded ->
        [one] One of your last { $of } reports was unfounded: { $percent } per cent.
       *[other] { $unfounded } of your last { $of } reports were unfounded: { $percent } per cent.
    } A report about a sender who did nothing wrong costs that sender its good name.

    If it goes on, your reports will not count for others for { $days ->
        [one] one day
       *[other] { $days } days
    }. What you block for your own numbers works in any case.

    If you think that we are wrong about one of them, write to { $contact }.

notice-suspended-subject = Your reports do not count for others for some time
notice-suspended =
    We have warned you, and still { $unfounded } of your last { $of } reports were unfounded. Until { $until } your reports do not count for others.

    What you block for your own numbers still works, and every report still acts for you. After that day your reports count again by themselves.

    You can appeal. It costs nothing: write to { $contact }, and another person will look at it.

## Words of notices

decider-person = A person decided this.
decider-machine = This was decided automatically, by rules that people set.
found-person = It was noticed by people.
found-machine = It was noticed automatically.

reason-junk = the fax was an advertisement that you had not asked for.
reason-abuse = the fax was part of an unauthorised use of the service.
reason-campaign = the same fax went to many others who had not asked for it either.
reason-opt-out = you had asked for no more faxes from this sender.
reason-wanted-confirmed = the fax was wanted, and we had been wrong to hold it back.
reason-no-evidence = we found nothing that shows an unauthorised use.
reason-permitted = the sender shows that you had agreed to its faxes, or do business with it.
reason-not-ours = the fax did not come through our service, so that we can do nothing about it.
reason-other-sender = the number on the fax is not that of who sent it.
reason-for-itself = it is about your own numbers, and there is nothing else left to decide.
reason-new-facts = facts came to light that were not known at first.

measure-warn = warning
measure-limit = lower limits
measure-hold-outbound = outgoing faxes are reviewed
measure-suspend-outbound = sending is suspended
measure-block-sender = number blocked
measure-block-campaign = campaign blocked
measure-block-numbers = block of numbers blocked
measure-close = account closed
does-warn = we warn you; nothing is restricted yet.
does-limit = fewer faxes than usual can be sent at a time.
does-hold-outbound = outgoing faxes are kept until a person has looked at why.
does-suspend-outbound = no faxes can be sent. Faxes still come in.
does-block-sender = faxes from the number are not delivered.
does-block-campaign = faxes with the same pages are not delivered, whatever number they come from.
does-block-numbers = faxes from the block of numbers are not delivered.
does-close = the account is closed.

scope-account = your account
scope-number = the number that you send from
scope-numbers = the block of numbers that you send from
scope-campaign = faxes with the same pages
scope-trunk = calls by way of one carrier

lasts-until = until { $until }, and it ends by itself then.
lasts-open = until we end it.
lasts-once = it is done once.

fact-reports = – { $count ->
        [one] one report by a recipient
       *[other] { $count } reports by recipients
    } that we checked
fact-campaign = – the same pages to { $count ->
        [one] one recipient
       *[other] { $count } recipients
    }
fact-fan-out = – faxes to { $count ->
        [one] one number
       *[other] { $count } different numbers
    } in a short time
fact-traps = – faxes to { $count ->
        [one] one number
       *[other] { $count } numbers
    } that nobody has
fact-opt-outs = – faxes to { $count ->
        [one] one recipient
       *[other] { $count } recipients
    } who had asked for no more
fact-strikes = – { $count ->
        [one] one earlier measure that still counts
       *[other] { $count } earlier measures that still count
    }
fact-volume = – far more faxes than your account usually sends
fact-takeover = – signs that the account is in other hands
fact-review = – what a person of the abuse desk found on review

ground-contract = our terms of service, which forbid unsolicited advertisements and other unauthorised use.
ground-us-junk-fax = the law of the United States on unsolicited fax advertisements (47 U.S.C. 227, 47 CFR 64.1200).
ground-eu-consent = the law of the European Union, which asks for consent before fax advertisements (Directive 2002/58/EC, article 13).
ground-other-law = the law that applies where the recipient is.

ending-expired = Its time was over.
ending-lifted = We have lifted it before its time was over.
ending-overturned = It was undone after an appeal, with everything that followed from it.
