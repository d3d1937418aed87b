"""English."""

from __future__ import annotations

from typing import Final

from schemas.classification.phrases import Language

LANGUAGE: Final = Language(
    code="en",
    common="the i im you we is are am and to of for with your our it this that have my be will me not",
    before="not never no dont cant cannot wont didnt doesnt isnt arent wasnt without nor",
    after="",
    but="but however though although",
    polite="hi hello dear please pls kindly thanks thank thx you sorry regards best",
    strong={
        "positive": """
            interested / intrested|intersted|interrested / very interesting / we|i have interest / count me|us in
            sounds good|great|perfect|promising|excellent|fantastic / go ahead / please proceed / move forward
            sign me|us up / lets set|schedule|book|arrange|meet|talk|chat|discuss|connect|proceed|speak|go|start|do
            set up|schedule|book|arrange|organise|organize a|an call|meeting|demo|time|slot|appointment|chat
            set|schedule|book .. call|meeting|demo|appointment / book a slot|time
            send .. quote|offer|proposal|pricing|price|prices
            send .. details|information|info|brochure|contract|invoice|agreement / send me|us|over|it|them|something
            share .. pricing|details|information|proposal / tell me|us more / learn|hear|know|find|see more
            find out more / more information|details about|on
            would love|like to see|try|buy|order|test|talk|discuss|start|proceed|meet|hear|learn|know|schedule|book
            wed|id love|like to see|try|buy|order|test|talk|discuss|start|proceed|meet|hear|learn|know|schedule|book
            want to see|try|buy|order|test|start|proceed|sign|hear|learn|know|meet / keen to
            happy to chat|talk|meet|discuss|connect|jump|speak / looking for exactly|a / exactly what
            how much does|is|would|do / what does it cost / what is|are the|your price|pricing|cost|costs|prices
            what would it cost / could you send|call|show / can you send|call|show|come|demo
            when are you available|free / when can we|you / call me tomorrow|tomorow|today|on|back|at|now|anytime
            give me|us a call|ring / evaluating vendors|options|solutions|tools / free trial / yes|sure|ok please
            the next steps / see it in action / works for me|us / is fine|good|ok|great|perfect for|with me|us
            were in|on board / prepare|send|draw .. paperwork|contract|papers|documents|agreement
            lets do|go for|try|give it / ring|phone|text me|us / keen on|to / curious about|how|to
            trial|test|demo account|version|access|period|run / a trial / sign up
            want|like|need a demo|quote|trial|call / ready to buy|start|sign|order|go|proceed
            help|helps|benefit our|us / talk|speak then|soon|tomorrow|on
            see you then|on|at|there|monday|tuesday|wednesday|thursday|friday
            do you have .. open|available|slot|time|free / brochure|catalogue|catalog / sending|send|forward me|us
            want|wants|like to see|try / im|were all ears / good|great timing|idea / intrigued / im|were up for
            works|suits fine|well|great|me / put us|me down / happy to take|have|do|hear|see|learn / id be up|open
            open to|for / id|we would like|love / please call|phone|ring|email me|us / reach me|us on|at
            thats|it is|its exactly|just what / fits|fit|matches|match our needs|requirements|plans
            worth a look|try|chat|call / free on|at|after monday|tuesday|wednesday|thursday|friday
        """,
        "negative": """
            not|never interested|intrested / not .. interested / no interest|intrest|intrested
            no longer|more interested / no thanks|thank|thx / isnt|arent interested / uninterested
            dont have .. interest|budget|need|capacity|use / no need|use|budget|requirement|demand|intention|plans
            dont|doesnt|didnt need|want|require / not a fit|match / not the right fit|product|solution|tool
            not a good|great|real fit|match / doesnt fit|suit / not need|needed|required|relevant / not for us|me
            already have|use|using|work|got|covered / happy|satisfied with .. current|existing|them|present|what|our
            stay|stick|sticking|staying|remain with / go|gone|going|went with another|someone|other|a|your
            decided against|not|to|otherwise / chose|chosen|opted another|against|for|a
            too expensive|costly|pricey|much / out of our budget|range
            have to|must|will|well|going to|id|would rather pass|decline / to pass|decline / we|i|well pass
            decline your|the|this|it / turn|turning it|this|you down / respectfully decline
            stop calling|bothering|harassing|pestering / waste of time / not convinced / not going to|with
            wont be buying|proceeding|needing|moving|continuing|going / wont need|buy|work
            will not be buying|proceeding|needing|moving|continuing|going
            another vendor|supplier|provider|solution|competitor / leave me|us alone
            dont|cant|not see .. value|benefit|use|point|need|fit / in house / nothing for|to you|buy|sell
            signed|signing with / hard pass / not be moving|going|pursuing|continuing|taking|proceeding
            wont be moving|going|pursuing|continuing|taking / not moving|going|proceeding ahead|forward|further|with
            all set / way|far above|over|beyond|too / doesnt|does apply|not apply / not applicable
            not what we|im|were / rather not / not worth / no value|benefit|point / cant|cannot afford / not afford
            dont call|bother|waste / not in the market / not looking for|to
            not keen|convinced|impressed|planning|considering / put|leave it|this to rest / well|we stay|stick
            ill|well have to say no / say no / say no to / under contract / locked in|into / committed to
            nothing we|i need / do it|this|that ourselves / not have the|a budget
            dont think .. need|want|fit|work|right|interested / doesnt|not apply to|for
            decided to stay|keep|stick|go|not / found another|someone|something|a / doesnt work|make for|sense
            no sense / makes no / thanks but no
        """,
        "neutral": """
            not now|yet|today / not right now / not at this|the moment|point|time|stage / not a priority
            bad timing|time / timing is bad|off|wrong|not / maybe|perhaps|possibly next|later|in|another|after|some
            call|contact|email|write|ping|try|follow|check .. again / reach out .. again
            call|contact|email|write .. january|february|march|april|may|june|july|august
            ping|try|reach|reconnect|follow .. january|february|march|april|may|june|july|august
            call|contact|email|write|ping|try|reach|reconnect|follow .. september|october|november|december
            call|contact|email|write|ping|try|reach|reconnect|follow .. autumn|summer|spring|winter
            call|contact|email|write|ping|try|reach|reconnect|follow .. next|later year|quarter|month|this
            next year|quarter|month / later this|in the year|month / touch base / come|circle back in|to|next|later
            forwarded|forwarding|passed|passing .. to|on / will|ill|well get back / get back to
            not the right|correct|best person|contact|one / wrong person / not in charge|responsible
            contact|ask .. department|team|colleague|colleagues / talk|speak|write to|with .. in charge|responsible
            in charge of|for|here / discuss|check|talk|align|clarify|consult .. internally|team|boss|manager
            discuss|check|talk|align|clarify|consult .. management|colleagues|board|partner|wife
            will think|check|look|review|discuss|consider|see
            ill think|check|look|review|discuss|consider|see|have
            need|have|like|want to think|consider|review|discuss|check / think about it|this / sleep on it
            let you know / keep|kept you|me posted|informed|updated / who are you
            how|where did you get|find|obtain / a look / received your|the / on hold / waiting for|on / in principle
            what is this about / circle back / the one to ask|talk|speak|contact|reach / run|running it|this past|by
            come|comes back to / keep|kept|have your|you .. file|mind
            after the summer|holidays|merger|break|audit|move|budget / nothing will|is .. before|until|decided
            not .. decide|decided before|until|yet / is this a|an|some / are you a|an / too much going|on
            going on right|at / only handle|do|manage / revisit / in a few|couple weeks|months|days
            havent decided|had|read|looked|talked / not decided|sure yet|if|whether
            ask rita|him|her|them|my|our|again / under review / reviewing it|this|your|the
            will review|revisit|respond|reply|revert / still thinking|considering|reviewing|deciding|discussing
            resend|send it|this|your again|once / which company|product|tool / what company|do you|is
            busy until|right|at|with / redirect|redirecting|refer|referring you|this|your|to
            dont know|remember yet|if|who|what / remind me|us / more time / hold off / depends on / in touch
        """,
        "out_of_office": """
            out of office|the|my|town / ooo / out of office|the until|till|from|through|with
            im|am|be|currently away|travelling|traveling|abroad|absent|unavailable|ooo / away from my|the|work
            on annual|parental|maternity|paternity|sick|medical|family|bereavement|study leave / on leave
            on vacation|holiday|holidays|pto|sabbatical|honeymoon
            limited|no|intermittent|restricted|without access / upon|on|after|until|till my return
            when|once i return|im|am / automatic|automated|auto reply|response|message / autoreply
            back on|in .. monday|tuesday|wednesday|thursday|friday|january|february|march
            back on|in .. april|may|june|july|august|september|october|november|december
            office|offices is|are|be|will .. closed / not be forwarded / not|wont be|am reading|checking
            slow to respond|reply|answer / not checking|reading|monitoring
            attending a|an|the conference|training|event|trade|course / time off
            back at|in my|the desk|office|work / out of the country
            little|low|poor|spotty|sporadic|occasional .. access / team|we|i is|am|are|be away
            expect a|some|delays delay|in|delayed / delayed response|reply|responses
            automatic|automated notification|email|responder|mail / delay in my|our|responding|replying
            returning on|to|in|monday|tuesday|wednesday|thursday|friday
            back from .. leave|vacation|holiday|holidays
            be|am back monday|tuesday|wednesday|thursday|friday|tomorrow|next / until i return|am|get
            in my absence / during my|this absence|time|leave|period / my absence / attend|attending to your
            away on|until|till|from|for|this|at / will respond|reply|answer .. return|back|possible / day off
            bank|public holiday / closed for|from|until|between|on|due / respond .. upon|after|when
        """,
        "left_company": """
            no longer work|works|working|employed|part|with / has|have|ive|hes|shes left
            hes|shes|is no longer here|available|reachable|a|an / doesnt|not work|working .. anymore|longer
            doesnt work here|for / my last day|working / last day at|with|in
            left the company|firm|organisation|organization|business / moved on from|to / has|have retired
            is retired / update your records|contacts|database
            mailbox|inbox|account|address is|will no|be|not longer|monitored|deactivated|closed
            moved|moving on|to from|something|another|a|pastures
            taking|taken|takes|took over my|his|her|their|from / no longer with|at|in|a|an|our
            employee|person|colleague|user .. has|have left / has left / last day / am|is leaving the|our|company
            left my|his|her|their|our position|role|job|post|company|team / not with us|the anymore|company|any
            has|have departed|resigned / new role|job|position|challenge / retired from|in|as|on
        """,
        "unsubscribe": """
            unsubscribe|unsuscribe|unsubcribe|unsubscribed|unsubscription / remove|delete|take|strike|drop|erase me
            remove|delete|take|strike|drop|erase .. list|lists|database|mailing|records|system
            remove|delete|erase my|our|this address|email|data|details|contact|name|number
            off your|this|the list|lists|mailing / opt me|us|out / opted out
            stop|quit|cease|discontinue emailing|mailing|spamming|contacting|sending|messaging|writing|these
            not|dont|never contact|email|mail|write|message|spam|text me|us|again
            not|dont|never send me|us|any|more / not|dont|never want|wish|like|care to receive|get|be
            no more emails|email|mails|messages|spam|newsletters
            any further|more emails|email|mails|messages|newsletters|contact|communication
            never signed|subscribed|agreed|consented / cancel my|the|this subscription|newsletter / gdpr request
            this is spam / lose my number|email|address / off this|your|the .. list|lists|mailing|database
            take|get me|us .. off / be removed|deleted|unsubscribed|erased / ever|again contact|contacting me|us
            contact|email|write|mail me|us again|anymore / stop|keep getting|receiving|sending
            report you|this|it|your / dont|not|never ever contact|email|write|call|mail
            stop .. emails|mails|messages|newsletters|spam / no more / right to erasure|be
            want out|off|to unsubscribe / get off this|your|the / remove from / leave me alone
            data protection|privacy|gdpr / didnt|not ask|agree|subscribe|sign|consent / withdraw my|consent
            block|blocking you|this|your
        """,
        "nothing": """
            if you|youre|not|still interested / if you are|re|were|feel|be .. interested / would you be / why not
            not a|any problem|issue / no problem|problems|worries|rush|doubt|hurry|objections / not only|just|bad
            was|were|been|just out|away|on of|from|vacation|holiday|leave
            was|were out|away of|from the|my office|desk / not too|that|so expensive|costly|bad / not hesitate
            dont hesitate / no reply|answer / interested parties / by no means / was swamped|busy / never mind
            no way around / not sure if|whether|about / stop by|in / on top of / stop wasting / would you mind
        """,
    },
    weak={
        "positive": """
            exciting / interesting / great / absolutely / definitely / available / works for|well / call me / a demo
            looking forward / love / happy to / calendar / how about / suits / please send
        """,
        "negative": "unfortunately / afraid / sorry / expensive / decline / unable to / good luck",
        "neutral": """
            cced|copied|copying|looping|loop / swamped / noted / got it / received / later / internally / forwarded
            colleague / priority / approval / thanks for the|your
        """,
        "out_of_office": """
            vacation / holiday|holidays / urgent / my return / closed / reopen / slow to / respond when
            immediate assistance|attention / access to email|emails|mail
            until monday|tuesday|wednesday|thursday|friday
        """,
        "left_company": "successor / replacement / no longer / instead / please contact|direct|reach",
        "unsubscribe": "mailing list / spam / newsletter",
    },
    alone={
        "positive": """
            yes|yep|yeah|sure|absolutely|definitely|agreed|interesting / yes please / sure thing / call me
        """,
        "negative": "no|nope|nah|never / no sorry / sorry no / pass",
        "neutral": "noted|later|received|understood|maybe / got it / not sure",
        "unsubscribe": """
            stop|remove|cancel|optout|end / please stop|remove / remove please / stop please / stop it
        """,
    },
)
