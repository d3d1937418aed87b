"""German."""

from __future__ import annotations

from typing import Final

from schemas.classification.phrases import Language

LANGUAGE: Final = Language(
    code="de",
    common="""
        ich wir sie der die das und ist nicht ein eine mit für bitte zu von auf mich uns wieder ihr ihre es
        bin
    """,
    before="nicht kein keine keinen keinem keiner nie niemals ohne weder",
    after="nicht",
    but="aber jedoch allerdings doch",
    polite="hallo guten tag liebe lieber sehr geehrte bitte danke vielen dank grüße gruß",
    strong={
        "positive": """
            interesse an|daran / habe|haben|hätte|hätten|besteht .. interesse / großes interesse
            interessiert|intressiert|interresiert / klingt|hört .. gut|interessant|spannend|super|vielversprechend
            sehr interessant|spannend / sehr gerne|gern
            schicken|senden|sende|schick .. angebot|unterlagen|informationen|infos
            schicken|senden|sende|schick .. preise|preisliste|vertrag|details|muster / schicken|senden sie mir|uns
            bitte um rückruf|ein|angebot|unterlagen|termin|informationen / um rückruf / rufen sie|mich|uns .. an
            ruf mich an / rufen sie mich|uns / melden sie sich gern|gerne
            gerne|gern mehr|testen|einen|kennenlernen|ausprobieren / termin vereinbaren|ausmachen|machen|finden
            termin .. vereinbaren / vereinbaren wir / lassen sie uns / lass uns
            wann hätten|haben|können|passt|sind / mehr erfahren|wissen|darüber / erzählen sie|mir|uns .. mehr
            was kostet|kosten|würde / wie viel|wieviel kostet|kosten|würde / zu welchem preis / machen wir das|so|es
            möchten|möchte|wollen|will|würden|würde .. testen|bestellen|kaufen|kennenlernen
            möchten|möchte|wollen|will|würden|würde .. ausprobieren|starten|beginnen|sehen|erfahren
            passt mir|uns|gut|sehr|perfekt|prima / passt .. gut|uhr / freue|freuen mich|uns auf
            genau so|das|danach etwas|suchen|brauchen / nehmen das|ihr angebot / habe|haben ich|wir zeit
            einverstanden / ja|sehr bitte|gern|gerne / nächsten|nächste|weiteren|weitere schritte|schritt
            hört sich .. gut|vielversprechend|interessant|spannend|an
            klingt|klänge .. gut|interessant|spannend|vielversprechend / vielversprechend
            würde|würden|möchte|möchten|will|wollen .. anschauen|ansehen|kennen|hören|wissen|sprechen|haben
            ist in ordnung|okay|prima|gut / geht in ordnung / zukommen lassen / bin|sind|wären|wäre dabei
            fertig machen / unterlagen|vertrag|papiere|dokumente .. fertig|vorbereiten|zu
            testzugang|testversion|probezugang|teststellung|testphase|demozugang|testlizenz
            klingeln|rufen .. durch / machen wir
            ginge|geht|ginge's .. montag|dienstag|mittwoch|donnerstag|freitag|uhr
            neugierig|gespannt wie|auf|ob|was / bis dann|bald|donnerstag|montag|dienstag|mittwoch|freitag
            passt .. mir|uns / passt mir / ausprobieren|testen / zeigen sie|mir|uns / haben sie .. zeit|termin|frei
            suchen wir|gerade / interessantes|spannendes angebot|produkt|thema
            angebot .. schicken|senden|machen|erstellen|zusenden / erreichen mich|uns
            rufen sie mich|uns|gerne|bitte / gerne .. sprechen|austauschen|treffen|telefonieren|reden|unterhalten
            freuen uns|auf / freue mich
        """,
        "negative": """
            kein|keinerlei|null interesse|intresse|bedarf / keinen bedarf|bedarfs
            keine verwendung|kapazität|kapazitäten|notwendigkeit|budget|mittel / kein budget|geld|bedarf
            nicht interessiert|intressiert|interessant|interessieren / interessiert|interessieren mich|uns .. nicht
            desinteresse / nein danke|vielen / brauchen|brauche|benötigen|benötige .. nicht|keine|kein|keinen
            nicht gebraucht|benötigt|nötig|notwendig|erforderlich / zufrieden mit / mit .. zufrieden
            bereits|schon .. anbieter|lieferanten|lösung|partner|dienstleister|versorgt / bleiben dabei|bei
            anderen|andere anbieter|lösung|lieferanten|angebot|dienstleister / gegen ihr|sie|das|ein entschieden
            dagegen entschieden / zu teuer|kostspielig|kostenintensiv / nicht in frage|betracht
            absagen|absage|abgesagt / lehnen ab / lehnen|lehne .. ab
            nicht annehmen|weiterverfolgen|kaufen|zusagen|berücksichtigen|weiter / nicht zu uns / passt .. nicht
            weiteren anrufen / nicht mehr anrufen / rufen .. nicht mehr an / hören sie auf / sehen .. davon ab
            verzichten wir|ich|darauf / lassen sie mich in / in ruhe / wir verzichten / nicht überzeugt
            keinen|kein|keinerlei mehrwert|nutzen|sinn|vorteil|grund|anlass|handlungsbedarf
            machen|machen's|lösen|erledigen .. selbst|selber|intern|inhouse / nichts zu|für / uninteressant
            ablehnen|ablehne|abgelehnt|ablehnung / lassen sie mal|es|das|gut / lass mal|gut|es / weit über|jenseits
            nicht leisten|bezahlen|zahlen
            besteht|gibt|ist|haben .. kein|keinen|keine bedarf|interesse|verwendung|budget / kein thema für|bei
            nicht das richtige|passende / nichts für|dabei / nicht relevant|passend|sinnvoll|geeignet|weiter
            möchten|wollen|werden .. nicht / nehmen .. abstand / sehen .. keinen|keine|nicht
            gut versorgt|aufgestellt|bedient / bei|mit der|einem|einer konkurrenz|wettbewerber|mitbewerber
            unterschrieben bei|mit / nein .. nicht / kommt nicht / haben uns .. anders|gegen|für|anderen
            danke nein / danke aber|nein nein|nicht
        """,
        "neutral": """
            im moment|augenblick nicht|kein
            momentan|derzeit|aktuell zeit|nicht|kein|keine|keinen .. priorität|thema|aktuell|relevant
            zurzeit|zur|gerade zeit|nicht|kein|keine|keinen .. priorität|thema|aktuell|relevant / keine priorität
            noch nicht / jetzt nicht / nicht jetzt|heute
            zeitpunkt|moment ist|passt|nicht .. schlecht|ungünstig|nicht|falsch
            vielleicht|eventuell|evtl später|nächstes|nächsten|im|in|irgendwann
            nächstes|kommendes jahr|quartal|mal / nächsten|kommenden monat
            rufen|melden|kontaktieren .. januar|februar|märz|april|mai|juni|juli|august
            schreiben|kommen|versuchen|fragen .. januar|februar|märz|april|mai|juni|juli|august
            rufen|melden|kontaktieren|schreiben|kommen|versuchen|fragen .. september|oktober|november|dezember
            rufen|melden|kontaktieren|schreiben|kommen|versuchen|fragen .. herbst|sommer|frühjahr|winter
            rufen|melden|kontaktieren .. nächstes|nächsten|später|wieder|noch|erneut
            schreiben|kommen|versuchen|fragen .. nächstes|nächsten|später|wieder|noch|erneut / nicht zuständig
            falscher|falsche ansprechpartner|ansprechpartnerin|adresse / nicht der|die richtige
            wenden sie sich|an .. einkauf|abteilung|kollegen|kollegin|vertrieb|it / zuständig ist|bei|für|sind|wäre
            intern besprechen|klären|abstimmen|prüfen|diskutieren|abklären
            mit .. besprechen|abstimmen|klären|absprechen / schaue|sehe|schau .. an / prüfe|prüfen das|es|dies|ihr
            gebe|geben .. bescheid / melde|melden mich|uns / komme|kommen .. auf sie / wer sind|hat / woher haben
            zur kenntnis / erhalten|bekommen und / nachricht|mail|email erhalten|bekommen / warten noch|auf
            warte auf / überlegen|überdenken / darüber nachdenken|schlafen / drüber schlafen / auf mich|uns zu
            halte|halten sie auf / nachfragen|nachhaken
            nach der|dem|den sommerpause|urlaub|ferien|messe|fusion|umstellung
            fragen sie .. bitte|frau|herrn|herr|meine|unsere
            kläre|klären|bespreche|besprechen .. das|es|mit|intern / auf sie zurück|zu|zukommen
            behalten .. unterlagen|kontakt|angebot|auge|akten / nichts|noch nicht .. entschieden|entscheiden
            vor dem|ende .. quartal|jahr|jahres / ist das|dies .. werbung|eine|ein / sind sie|du kunde|ein|eine
            noch nicht|keine .. entschieden|entscheidung|zeit / hölle los / viel zu tun|los / zu tun / rücksprache
            leite|leiten|gebe|geben .. weiter / im hause|team besprechen|klären
            später|erst|frühestens .. jahr|quartal|monat|herbst|frühjahr|sommer / mache nur|mache .. nur
            anderer|andere|richtige ansprechpartner|ansprechpartnerin|abteilung
            muss|müssen|will|wollen .. überlegen|besprechen|nachdenken|abklären|prüfen|abstimmen|klären / worum geht
            um was geht / welche firma|produkt / welcher firma / in bearbeitung|prüfung / wird geprüft
            erneut|nochmals|nochmal .. melden|anrufen|schreiben|kontaktieren
        """,
        "out_of_office": """
            nicht im|am|in büro|haus|arbeitsplatz|office|hause / außer haus|hause
            im urlaub|mutterschutz|krankenstand|ausland|homeoffice / in|im urlaub|elternzeit|mutterschutz|ferien|kur
            in den ferien / auf dienstreise|geschäftsreise|reisen|fortbildung|schulung
            abwesend|abwesenheitsnotiz|abwesenheit|abwesenheitsmeldung
            automatische|automatisierte|automatisch antwort|nachricht|generierte|erstellte|erzeugte|email
            wieder erreichbar|da|im|zurück|verfügbar|persönlich|für / wieder .. da|erreichbar|zurück|büro|haus
            nicht|nur|schwer erreichbar / eingeschränkten|keinen|begrenzten|kein zugriff|zugang
            nach|bei meiner rückkehr / krankgeschrieben|erkrankt / meine vertretung
            wird|werden nicht weitergeleitet|gelesen|bearbeitet / lese .. emails|mails|nachrichten|email
            büro|geschäft|firma|praxis .. geschlossen / betriebsferien|betriebsurlaub
            freie|freien|arbeitsfreie tage / nicht besetzt / können sich|kann .. verzögern|verzögerung|dauern
            automatische|automatisch|automatisierte benachrichtigung|abwesenheitsmeldung|rückmeldung|mail|email
            in terminen|meetings|besprechungen|seminar|schulungen / außerhalb .. büros|büro|hauses
            wieder|erst .. büro|erreichbar|verfügbar|zurück
            derzeit|momentan|aktuell|zurzeit|heute|leider nicht erreichbar|verfügbar|da|anwesend|im
            bin|sind .. unterwegs|auswärts|verreist|krank|urlaub|abwesend
            über|zwischen die|den feiertage|feiertagen|jahren
            mich|uns .. im|in urlaub|elternzeit|mutterschutz|krankenstand
            während meiner|dieser|meines abwesenheit|zeit|urlaubs
            ab dem|montag|dienstag|mittwoch|donnerstag|freitag .. wieder / urlaubsbedingt|krankheitsbedingt
            in elternzeit|teilzeit|kurzarbeit
        """,
        "left_company": """
            nicht mehr bei|im|für|in|hier|unter|teil|tätig|beschäftigt|angestellt / arbeite|arbeitet nicht mehr
            unternehmen|firma|haus|gesellschaft|betrieb .. verlassen / aus .. ausgeschieden / ausgeschieden
            in rente|ruhestand|pension / letzter arbeitstag|tag
            postfach|mailadresse|adresse|emailadresse|konto .. nicht mehr / aktualisieren sie ihre|bitte
            habe|hat|haben .. verlassen / übernimmt|übernehmen .. meine|seine|ihre|kunden|aufgaben
            nicht mehr .. beschäftigt|angestellt|tätig|mitarbeiter|team
            mitarbeiter|mitarbeiterin|kollege|kollegin .. ausgeschieden|verlassen
            neue|neuen herausforderung|aufgabe|job|stelle / letzte arbeitstag|tag / mein letzter
        """,
        "unsubscribe": """
            abmelden|abbestellen|austragen|abbestellung|abmeldung|abmelde|abbestelle
            aus .. verteiler|liste|datenbank|kartei|mailingliste
            von .. liste|verteiler|mailingliste streichen|nehmen|löschen|entfernen / streichen sie mich
            löschen|löscht|lösche|entfernen|entferne .. daten|adresse|email|mich|emailadresse|kontaktdaten
            kontaktieren|kontaktiere .. nicht mehr / schreiben .. nicht|nie mehr
            nicht mehr kontaktieren|anschreiben|schreiben|kontaktiert
            keine weiteren|weitere emails|mails|nachrichten|newsletter|email|werbung|kontaktaufnahme|werbemails
            keine|keinen emails|mails|nachrichten|werbung|newsletter|werbemails .. mehr|erhalten|bekommen|wünsche
            keine werbung / werbung .. unterlassen|einstellen / unterlassen sie
            newsletter .. kündigen|abbestellen|stoppen / hören sie auf mir|mails|zu schreiben|zu|schicken
            nie angemeldet|zugestimmt|eingewilligt / hiermit widerspreche|untersage
            widerspreche|widersprechen .. nutzung|werbung|verarbeitung|speicherung|daten
            um löschung|entfernung|austragung / kontaktieren|schreiben|mailen|anschreiben .. nie|nicht|niemals
            nie wieder|mehr / tragen|trage|trag .. aus
            diese mails|emails|nachrichten|newsletter .. los|nicht|stoppen / mails los
            melde|zeige|anzeige ich|sie|ihnen .. datenschutz|datenschutzbehörde|behörde|verbraucherzentrale|an
            nicht mehr anschreiben|mailen|schreiben|schicken|senden / keine|keinerlei weiteren|weitere|mails|emails
            aus dem|der|ihrem|ihrer .. raus|nehmen|löschen|streichen|entfernen / verteiler .. raus
            nehmen .. aus|raus / nehmen sie mich / belästigung|belästigen / untersage|untersagen
            möchte|will|wünsche|möchten .. nichts|keine .. mehr|post|emails|mails|bekommen|erhalten
        """,
        "nothing": """
            bei|falls|sollten|wenn .. interesse|interessiert
            kein|keine|null problem|probleme|frage|ursache|thema|eile / warum|wieso nicht
            nicht nur|schlecht|zögern|schlimm
            war|waren|gewesen .. im|in|außer|auf urlaub|haus|dienstreise|elternzeit|büro
            war .. krank|abwesend|unterwegs / haben sie|du interesse / nicht zu teuer / kein wunder
            tut mir leid wir|dass / kein mensch / nicht mehr lange|viel / nicht sicher / nichts dagegen|einzuwenden
            nicht nur / spricht nichts / nichts spricht / nie wieder ohne
        """,
    },
    weak={
        "positive": """
            zusenden|zuschicken / starten|loslegen / bestellen|beauftragen|buchen
            vorstellen|vorführen|präsentieren / telefonieren|telefonat / neugierig|gespannt / gerne|gern
            interessant / spannend / ja / klar / super / prima / gespräch / angebot / demo / testen / perfekt
            passt
        """,
        "negative": """
            nein / anderweitig / versorgt / konkurrenz|wettbewerber|mitbewerber|wettbewerb / abzusehen / leider
            bedauern|bedaure / absehen / teuer / schade
        """,
        "neutral": """
            geduld / grundsätzlich|prinzipiell
            weitergeleitet|weiterleiten|weitergegeben|leite|leiten|weiterreichen / später / erhalten / bescheid
            intern / weitergeleitet / kollegin|kollegen|kollege / zuständig|zuständige / freigabe / priorität
            noch einmal|mal
        """,
        "out_of_office": """
            elternzeit / urlaub / dringenden|dringende fällen|fragen|angelegenheiten / rückkehr / vertretung
            bis mittwoch|montag|dienstag|donnerstag|freitag / geschlossen / ab montag|dem / erst morgen
        """,
        "left_company": """
            gewechselt / nachfolger|nachfolgerin / ansprechpartner|ansprechpartnerin / nicht mehr
        """,
        "unsubscribe": """
            ungefragt|unaufgefordert|unverlangt / spam / widerspreche|widerspruch|widersprechen / verteiler
            newsletter / werbung / dsgvo|datenschutz
        """,
    },
    alone={
        "positive": "ja|gerne|gern|klar|interessant|einverstanden / ja gerne|gern|bitte / sehr gerne",
        "negative": "nein|niemals / nein danke / leider nein|nicht",
        "neutral": "später|vielleicht|erhalten / noch nicht|unklar",
        "unsubscribe": "stopp|stop|abmelden|löschen|austragen / bitte löschen|abmelden|austragen|entfernen",
    },
)
