"""French: apostrophes are left out of texts and phrases alike, so that "m'intéresse" is one word."""

from __future__ import annotations

from typing import Final

from schemas.classification.phrases import Language

LANGUAGE: Final = Language(
    code="fr",
    common="""
        je j'ai nous vous le la les des un une et est suis sommes ne pas de du à au pour votre notre cela ça
        mais que avec
    """,
    before="pas ne jamais aucun aucune sans plus non",
    after="pas plus jamais",
    but="mais cependant toutefois néanmoins",
    polite="bonjour merci svp beaucoup désolé désolée cordialement s'il vous plaît",
    strong={
        "positive": """
            m'intéresse|nous|m'intéresserait intéresse / m'intéresse|m'intéresserait
            nous|vous intéresse|intéresserait|intéressent / intéressé|intéressée|intéressés|intéressées|interessé
            m'envoyer|nous|m'adresser|m'transmettre un|une|votre|vos|le|les|plus devis|tarifs|tarif|documentation
            m'envoyer|nous|m'adresser|m'transmettre un|une|votre|vos|le|les|plus offre|proposition
            m'envoyer|nous|m'adresser|m'transmettre un|une|votre|vos|le|les|plus contrat|informations|brochure
            envoyez|envoyer|envoie|transmettre|transmettez|adressez .. devis|tarifs|tarif|documentation|offre
            envoyez|envoyer|envoie .. proposition|contrat|informations|brochure|prix
            transmettre|transmettez|adressez .. proposition|contrat|informations|brochure|prix / envoyez moi|nous
            rappelez|rappeler|appelez|appeler moi|nous|m' / m'appeler|m'rappeler|me rappeler / appelez moi|nous
            avec grand|plaisir|joie
            quand|quelles êtes|seriez|pouvez|pourriez|sont vous|vos|disponible|disponibilités
            seriez vous disponible / d'accord pour|avec|on / en savoir|apprendre plus / dites m'en|moi|nous|en plus
            voir|avoir|faire une|la démo|démonstration / une démonstration / c'est exactement|ce|tout ce|à|fait
            ce que nous|je cherchons|cherche|recherchons / combien ça|cela|coûte|coûterait
            quel est|serait le|votre prix|tarif|coût / me|nous convient|va|conviennent
            convient très|parfaitement|bien / proposez|propose|proposons .. échange|rendez|appel|créneau|date
            serais|serions|serai ravi|ravis|ravie|heureux|intéressé|partant|partante
            voulons|veux|souhaitons|souhaite .. commencer|tester|essayer|acheter|commander
            aimerais|aimerions|voudrais|voudrions .. commencer|tester|essayer|acheter|commander
            voulons|veux|souhaitons|souhaite .. voir|savoir|rencontrer|échanger|découvrir
            aimerais|aimerions|voudrais|voudrions .. voir|savoir|rencontrer|échanger|découvrir
            partant|partante pour / allons y|on y va / un essai / oui|volontiers s'il|svp|merci|bien|avec
            prochaines|prochaine étapes|étape / pourrait|peut|pourraient .. aider|nous|intéresser|servir
            libre|disponible|dispo lundi|mardi|mercredi|jeudi|vendredi|demain|à|la / faire parvenir
            grille tarifaire / vos tarifs|prix / on|sommes|suis est|partants|partant|partante / partants
            préparez|envoyez .. papiers|contrat|documents|dossier / on|faisons fait|comme comme|ça
            appelez|rappelez apres|après|demain|vers|au|quand|moi / curieux|curieuse|hâte de
            compte|version|période d'essai|de|gratuite|démo|test / c'est|c bon|parfait|ok|d'accord pour|avec|merci
            à|au bientôt|jeudi|lundi|mardi|mercredi|vendredi|plaisir
            veut|voudrait|voudrais|aimerait|souhaite voir|essayer|tester|en / dans l'attente|de
            montrez|présentez moi|nous / votre offre|solution|produit .. intéresse|plaît|convient
            bonne idée|nouvelle / très intéressant|intéressante|bien|volontiers / m'en dire|savoir plus
            plus d'informations|de / besoin d'un|d'une devis|démo|rdv
            rdv|rendez vous lundi|mardi|mercredi|jeudi|vendredi|pour|à|demain / ça marche|roule|nous|me
            je prends|prenons / je suis|serais|reste dispo|disponible|intéressé|intéressée|libre / peut on|nous
            pouvons nous|on / échanger|discuter .. avec|de|lundi|semaine|vous
        """,
        "negative": """
            pas|non intéressé|intéressée|intéressés|intéressées|interessé|intéressant
            ne m'intéresse|nous intéresse pas / m'intéresse|nous intéresse pas / pas du|tout intéressé
            m'intéresse|intéresse|intéressent|intéressons pas|guère|plus / aucun intérêt|besoin|budget / non merci
            sans façon / pas|plus besoin|utile|nécessaire|d'utilité|d'intérêt
            en|en'|nous n'avons|j'ai|je|n'ai pas besoin / pas de|le|les besoin|budget|besoins|moyens
            déjà un|une|notre|équipés|équipé|prestataire|fournisseur|solution
            satisfaits|satisfait|satisfaites|contents|satisfaite de|du|avec|par
            en sommes satisfaits|contents|satisfait / autre fournisseur|prestataire|solution|offre
            choisi|retenu|opté un|pour|une autre / trop cher|chère|coûteux|onéreux|chers / hors budget
            pas|ne donner suite / donnerons|donnons|donne|donnerai pas suite
            ne|pas correspond|convient|correspondent .. besoins|attentes / correspond|convient|correspondent pas
            inutile de|d'insister / ne|n' insistez|rappelez pas / bonne continuation / pas convaincu|convaincus
            laissez moi|nous tranquille / rester|restons|reste avec|chez|sur / ne sera|serons pas
            suite défavorable / pas de valeur|sens|plus|projet / n'y|n' vois|voyons|ai pas|aucun|aucune / en interne
            rien à|pour / chez|avec un|notre concurrent|concurrence / signé|signer chez|avec / sans intérêt|suite
            pas aller|poursuivre|continuer|retenir|retenu|suivre|convaincus / préférons|préfère|avons|ai .. ne|pas
            laissez|laisse tomber / prix|tarifs .. dessus|delà|élevés|trop / au dessus|delà de|du|des / hors de
            ne répond|répondent|rentre|entre pas / pas à|aux|dans notre|nos|mes|mon besoin|besoins|budget|attentes
            pas adapté|adaptée|pertinent|utile|possible|envisagé|prévu|concerné|concernés|acheteur|nous
            passons|passer notre|mon tour / nous faisons|gérons tout|déjà / déjà ce|cela|tout|en / non .. pas|merci
            rester|restons fidèles|fidèle / ne voulons|veux|voulez|souhaitons pas / pas les moyens / ne .. besoin
        """,
        "neutral": """
            pas pour|en|à le|l'instant|ce|moment / pas actuellement|maintenant|encore|aujourd'hui
            peut être le|plus|l'année|en|une|dans|au / pas|plus une|la|notre priorité / pas prioritaire
            l'année|l'an prochaine|prochain / trimestre|mois|semestre prochain / plus tard
            rappelez|recontactez|revenez|contactez .. janvier|février|mars|avril|mai|juin|juillet|août
            écrivez|rappeler|recontacter|revenir .. janvier|février|mars|avril|mai|juin|juillet|août
            rappelez|recontactez|revenez|contactez .. septembre|octobre|novembre|décembre
            rappelez|recontactez|revenez|contactez .. rentrée|été|automne|printemps
            écrivez|rappeler|recontacter|revenir .. septembre|octobre|novembre|décembre
            écrivez|rappeler|recontacter|revenir .. rentrée|été|automne|printemps
            rappelez|recontactez|revenez .. prochain|prochaine|tard|dans|nouveau
            contactez|écrivez|rappeler|recontacter .. prochain|prochaine|tard|dans|nouveau / recontactez moi|nous
            revenez vers|me / rappelez moi|nous en janvier|février|mars|avril|mai|juin
            rappelez moi|nous en juillet|août|septembre|octobre|novembre|décembre
            transmis|transfère|transféré|transmets|fait suivre|votre|à / fais suivre
            pas la|le bonne|bon|bonnes personne|interlocuteur|contact|interlocutrice / mauvais interlocuteur
            contactez|contacter|adressez|adresser|voir .. service|département|collègue|direction
            s'occupe de|du|des / en charge de|du|des / responsable de|du
            en parler|discuter en|avec|à interne|mon|mes|la|ma / en interne
            reviens|reviendrai|reviendrons|revenons vers / tiens|tiendrai|tiendrons au / au courant
            bien noté|reçu|pris / c'est noté / je regarde / qui êtes / comment avez vous eu|obtenu|trouvé
            attendons|attends|attente .. validation|réponse|retour|accord|décision|budget
            y réfléchir|réfléchis|réfléchissons / réfléchir / sur le|en principe / à l'étude
            après l'été|les|la|le|mon / revenir|revenez vers|me|nous / en ce moment / voyez|voir|vois avec|ça|cela
            vous redis|reviens|rappelle|recontacte|répondrai|dirai / gardons|garde|conservons vos|votre|ça|cela
            c'est|est ce|c'est une|de publicité|la|pub / êtes client|vous client / rien .. décidé|avant
            décidé avant|ultérieurement / pas .. décidé|décision|avant / en pleine|cours / je ne gère|m'occupe
            gère que|pas / pas encore / faire le point / fais|faire suivre / au trimestre|printemps|semestre|mois
            d'ici|dans quelques|deux|trois|six|un|une
            dois|devons|vais|allons .. voir|réfléchir|étudier|parler|consulter|valider|regarder / de quoi s'agit
            quelle|quel société|entreprise|produit / vers qui
        """,
        "out_of_office": """
            absent|absente|absents jusqu'au|du|jusqu'à|de|cette|jusqu'|aujourd'hui|pour|actuellement|et
            suis|serai|sera|actuellement absent|absente|indisponible
            en congé|congés|vacances|déplacement|rtt|formation|arrêt|mission|voyage / de retour
            à|dès mon|notre retour / hors du|de bureau|l'bureau|mon / réponse|message|courriel automatique
            message d'absence / absence du|de / accès limité|restreint|réduit / pas accès|d'accès à
            ne consulte|lis|lirai|consulterai / ne seront|sera|sont|est pas transférés|transféré|lus|lu|transférées
            bureaux|bureau|société|entreprise .. fermés|fermé|fermée|fermeture
            congé maternité|paternité|parental|maladie / arrêt maladie|travail / nouveau joignable|disponible
            pas|plus joignable|disponible jusqu'au|avant / jours de repos|congé|congés / à l'étranger
            sans|aucun accès / est|sommes|suis|sera|serai en|actuellement congé|congés|vacances|fermé
            est|sommes|suis|sera|serai en|actuellement fermés|repos|formation|déplacement / notification automatique
            correspondant .. absent|indisponible|absente / en formation|séminaire|réunion|déplacement|conférence
            lirai|lirons|verrai|répondrai .. demain|retour|lundi / absent|absente .. jusqu'au|jusqu'à
            serai|serons|sera .. retour|joignable|absent|absente|disponible|indisponible
            pendant|durant mon|cette|mes|nos absence|congés|période / mon absence / réponse .. retardée|délai|tarder
            pour les|la fêtes|période / fermeture|fermés|fermé annuelle|du|pour|jusqu'au / jour férié|fériés
            pas au|dans bureau|mes / jusqu'au|jusqu'à .. inclus / répondrai|répondrons|traiterai .. retour|dès
        """,
        "left_company": """
            ne|n' travaille|travaillons|travaillent plus / travaille plus chez|pour|ici|dans|à|avec
            quitté l'entreprise|la|le|l'équipe|notre|ses|nos|mes|son|mon|sa|définitivement
            fais|fait|font plus partie / plus partie / n'est|n'sont plus dans|en|chez|salarié|employé|parmi
            nos effectifs / à la retraite / pris sa|ma retraite / dernier jour
            boîte|adresse|messagerie .. n'est|plus consultée|active|relevée / mettre|mettez à jour
            n'exerce|n'occupe plus / j'ai|ai|a|ont quitté
            quitté .. société|entreprise|poste|fonctions|établissement|groupe
            n'est|ne plus .. salarié|salariée|employé|employée|collaborateur|parmi|chez|joignable
            reprend|reprendra|reprennent mes|ses|dossiers|le|la|son / nouvelles|nouvelle aventures|aventure|horizons
            ne travaille plus / plus parmi|chez / personne|collaborateur|collègue|salarié .. quitté
        """,
        "unsubscribe": """
            désabonner|désabonnez|désabonnement moi|désinscrire|désinscrivez|désinscription|désabonne|désinscris
            me|retirer|retirez|enlevez|enlever|supprimer .. liste|listes|base|fichier|fichiers
            supprimez|rayer|rayez|ôtez|effacez|effacer .. liste|listes|base|fichier|fichiers
            me|retirer|retirez|enlevez|enlever|supprimer .. diffusion|mailing|contacts|données|adresse|coordonnées
            supprimez|rayer|rayez|ôtez|effacez|effacer .. diffusion|mailing|contacts|données|adresse|coordonnées
            retirer|retirez|enlevez|enlever .. liste|listes|base|fichier|fichiers
            supprimer|supprimez|rayer|rayez|effacez .. liste|listes|base|fichier|fichiers
            retirer|retirez|enlevez|enlever .. diffusion|mailing|contacts|données|adresse|coordonnées
            supprimer|supprimez|rayer|rayez|effacez .. diffusion|mailing|contacts|données|adresse|coordonnées
            ne|plus souhaite|veux|voulons|souhaitons|désire plus recevoir|être
            plus recevoir|être|me contacter|contacté|contactée|contactés
            ne plus me|nous contacter|écrire|envoyer|solliciter / plus me|nous contacter|écrire|envoyer|solliciter
            ne m'écrivez|m'envoyez|me|nous|m'contactez plus|contactez|envoyez|écrivez / m'écrivez plus
            m'envoyez|m'envoyer plus / arrêtez|cessez|arrêter|stop de|vos|ces|avec .. mails|emails|envoyer|m'envoyer
            arrêtez|cessez|arrêter|stop de|vos|ces|avec .. envois|messages|courriels|m'écrire
            stop pub|spam|sms|mail / arrêtez de m'envoyer|m'écrire|me|nous / cessez de / me désabonner|désinscrire
            jamais inscrit|abonné|consenti / droit d'opposition / m'enlever|m'ôter|m'effacer|m'retirer|m'supprimer
            de m'enlever|me / me retirer|désinscrire|désabonner|supprimer|enlever|rayer
            retirer|enlever|supprimer|retirez|enlevez|supprimez moi|de|mon|mes / plus jamais / ne plus
            comment .. plus|arrêter|désabonner|désinscrire recevoir|ces|me
            être retiré|supprimé|désinscrit|désabonné|effacé / signale|signaler|signalerai|dénonce .. cnil|spam
            ces|vos messages|mails|emails .. stop|assez|arrêtez / assez de|vos / désinscrivez|désabonnez
            desinscrivez|desabonnez / supprimez moi|mes|mon / effacez moi|mes|mon / m'importunez|harcelez
            plus de mails|pub|publicité|messages / ne .. plus .. contacter|écrire|envoyer|recevoir|solliciter
        """,
        "nothing": """
            si vous|tu êtes|seriez|n'êtes|souhaitez .. intéressé|intéressée|intéressés / si cela|ça vous|t'intéresse
            si nos|notre .. intéresse|intéressent / pas de|un|le problème|souci|soucis|urgence
            aucun problème|souci / pourquoi pas / pas mal|seulement|uniquement
            étais|était|étions en|absent|absente|hors congé|congés|vacances|déplacement|arrêt
            j'étais|j' en|absent|absente congé|congés|vacances|déplacement|du / pas trop|si cher / n'hésitez pas
            seriez vous intéressé|intéressée / sans problème|souci / pas plus|moins|tard|loin|très / n'attends plus
            plus tard|d'informations|de|que|sur / ne .. que / rien contre / aucun doute / plus jamais sans
            vous êtes intéressé
        """,
    },
    weak={
        "positive": """
            d'essai / organisons|fixons|planifions|prenons|convenons / oui / volontiers / avec plaisir / parfait
            d'accord / intéressant|intéressante / devis / rendez vous / très bien / super / disponible / jeudi
            démo|démonstration
        """,
        "negative": """
            refus / concurrent / tranquille / décliner|décline|déclinons|refuser|refuse|refusons / malheureusement
            désolé|désolée / regret|regrette|regrettons / cher
        """,
        "neutral": """
            débordé|débordés|débordée / relancez|relancer|relance / validation|valider|étudier|étudie|étudions
            transmets|transférer|transmettre|transfère / noté / reçu / transmis / collègue / réfléchir / en interne
            prochain|prochaine / plus tard / priorité / direction / revenir
        """,
        "out_of_office": """
            absent|absente|absence / congés|congé / vacances / urgence / mon retour / fermés / réouverture
            indisponible / serai / joignable / jusqu'au|jusqu'à
        """,
        "left_company": "remplaçant|remplaçante|successeur",
        "unsubscribe": """
            harcèlement / cessez|arrêtez / cnil / rgpd / newsletter / liste de diffusion / spam / publicité|pub
        """,
    },
    alone={
        "positive": """
            oui|volontiers|d'accord|parfait|intéressant / oui merci|volontiers|avec / avec plaisir / bien sûr
        """,
        "negative": "non|jamais / non merci|désolé",
        "neutral": "reçu|noté / bien reçu|noté / plus tard / peut être",
        "unsubscribe": "stop|désinscription|désabonnement|désabonner|supprimer|arrêtez / stop svp|merci",
    },
)
