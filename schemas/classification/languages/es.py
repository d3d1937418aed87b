"""Spanish."""

from __future__ import annotations

from typing import Final

from schemas.classification.phrases import Language

LANGUAGE: Final = Language(
    code="es",
    common="el la los las de y que en un una por con para su sus me nos es estoy estamos le lo mi no al del pero",
    before="no nunca jamás sin tampoco ningún ninguna ni",
    after="",
    but="pero aunque sino",
    polite="hola buenos días estimado estimada por favor porfa gracias muchas perdón saludos",
    strong={
        "positive": """
            me|nos interesa|interesaría|interesan|interesó / interesado|interesada|interesados|interesadas
            envíe|envíeme|envíenos .. cotización|presupuesto|oferta|propuesta|información
            envíame|envíen|mande|mándeme .. cotización|presupuesto|oferta|propuesta|información
            envíe|envíeme|envíenos .. precios|tarifas|contrato|detalles|catálogo|folleto
            envíame|envíen|mande|mándeme .. precios|tarifas|contrato|detalles|catálogo|folleto
            mándenos|mándame|enviar .. cotización|presupuesto|oferta|propuesta|información
            enviarme|mandar|pásame|páseme .. cotización|presupuesto|oferta|propuesta|información
            mándenos|mándame|enviar .. precios|tarifas|contrato|detalles|catálogo|folleto
            enviarme|mandar|pásame|páseme .. precios|tarifas|contrato|detalles|catálogo|folleto
            envíeme|envíenos|envíame|mándeme|mándenos|mándame la|el|una|un|más|los
            podemos|podríamos hablar|vernos|reunirnos|quedar|agendar|coordinar / llámeme|llámame|llámenos|llámenme
            agendemos|agendar|programemos .. llamada|reunión|cita|demo|demostración
            concertar|concertemos|coordinemos .. llamada|reunión|cita|demo|demostración / hablemos
            quedamos el|a|en / cuánto cuesta|cuestan|costaría|sale|vale / qué precio|costo|coste
            cuál es|sería el|su precio|costo|coste|tarifa / suena|parece muy|bien|genial|interesante|perfecto
            cuéntame|cuénteme|cuéntanos|dígame|dime más / saber|conocer|aprender más
            más información|detalles sobre|acerca|de
            gustaría|encantaría ver|saber|probar|conocer|hablar|tener|recibir|agendar|concertar|una
            me|nos viene|va|parece bien|perfecto|genial|estupendo
            lo que|justo buscamos|necesitamos|busco|estamos|estábamos / justo lo que / trato hecho
            cuándo estaría|estarías|podría|podríamos|puede|podemos|tiene|tendría
            queremos|quiero|quisiera|quisiéramos|deseamos empezar|probar|comprar|contratar|pedir
            queremos|quiero|quisiera|quisiéramos|deseamos comenzar|ver|saber|avanzar|una / de acuerdo
            vamos a|con adelante|hacerlo|ello / con mucho gusto / sí|claro por|gracias|quiero favor|supuesto
            siguientes|próximos pasos / podría|puede .. ayudar|servir|interesar
            quiere|quieren|quisiera|gustaría|encantaría verlo|probarlo|conocer|una|ver|saber|verla
            tiene|tienes|hay .. hueco|disponibilidad|tiempo|espacio / está|me|nos|parece bien|perfecto
            hacerme|hacernos llegar / lista de precios|tarifas / nos apuntamos|unimos|sumamos|animamos / apuntamos
            prepare|preparen|envíe|mande .. papeles|contrato|documentos|documentación
            llámeme|llámame|llámenos después|mañana|a|hoy|el|al|cuando
            cuenta|versión|periodo|período de prueba|demo / prueba gratuita|gratis
            hablamos entonces|el|mañana|luego|pronto / curiosidad por|de|en / nos vemos
            me|nos gusta|encanta|encaja|parece|sirve / cuente|cuenten|cuenta conmigo|con
            muy|bastante interesante|interesados|interesado
            estoy|estamos disponible|disponibles|libre|listo|listos|dispuesto
            puedo|podemos el|hablar|tener|verlo|probar|agendar / presupuesto|cotización .. favor
            necesito|necesitamos|solicito|quiero|queremos .. presupuesto|cotización|demo|información|precios
            podríamos|podemos vernos|hablar|reunirnos|tener|agendar / buena|excelente idea|noticia|momento
            espero|esperamos su|la|tu llamada|propuesta|cotización / con mucho|todo gusto
        """,
        "negative": """
            no me|nos|les|le interesa|interesan|interesaría / no .. interesado|interesada|interesados|interesadas
            no interesa|interesado|interesados|interesada / no gracias|muchas|grcias / sin interés / ningún interés
            no .. interés / no lo|la|los|nos|me necesitamos|necesito|requerimos|queremos|quiero|convence
            no necesitamos|necesito|requerimos|hace|tenemos|tengo .. presupuesto|necesidad|falta|interés|otra
            no necesitamos|necesito|requerimos|hace|tenemos|tengo .. nada|otro|recursos|eso|esto
            no necesitamos|necesito|requerimos|precisamos
            no tenemos|tengo|contamos|hay|disponemos .. presupuesto|necesidad|interés|dinero|fondos
            ya tenemos|contamos|trabajamos|usamos|disponemos
            contentos|satisfechos|contento|satisfecho|contentas con
            otro|otra|distinto proveedor|empresa|solución|opción|oferta / demasiado|muy caro|cara|costoso|caros
            fuera de nuestro|presupuesto / no seguir|continuar|avanzar|proceder|aceptar|contratar|comprar
            no vamos|voy a / no encaja|encajan|cumple|se|corresponde|conviene
            no nos|me conviene|sirve|encaja|convence / rechazar|rechazamos|rechazo|declinar|declinamos|declino
            no insista|insistan|llame|llamen|moleste|molesten / dejen|deje de llamar|llamarme|molestar|insistir
            seguir|quedarnos|continuar con nuestra|nuestro|el|la / no es|son lo|para|de .. buscamos|nosotros|interés
            pérdida de tiempo / no le|lo veo|vemos|encuentro|encontramos
            no veo|vemos .. valor|utilidad|sentido|necesidad / nada que|para|nos
            con la|un|otra competencia|competidor / sin interés|presupuesto
            no continuar|seguir|avanzar|proseguir|proceder / preferimos|prefiero|hemos|he no|decidido
            déjelo|déjalo|olvídelo|olvídalo|dejémoslo / muy|bastante por encima / por encima de
            no podemos|puedo pagar|permitirnos|pagarlo|permitirme|asumir
            no responde|corresponde|encaja|sirve|aplica|cubre
            lo hacemos|resolvemos|gestionamos todo|nosotros|internamente|ya
            no es para|lo|relevante|viable|posible|aplicable|útil
            ya .. firmado|contratado|cubierto|resuelto|comprado|tenemos
            no .. comprar|contratar|adquirir|participar|aceptar|gastar / acabamos|acabo de firmar|contratar|comprar
            no cuadra|interesados / fiel|fieles|leales a / hemos firmado|contratado
            no vale|merece|estamos .. pena|interesados|buscando|comprando
        """,
        "neutral": """
            ahora|hoy|todavía|aún no / por ahora no / por el momento / no por|en ahora|el|este momento
            no es .. momento / no es|son una|prioritario|prioridad .. prioridad|prioritario / no es una prioridad
            quizás|quizá|tal|acaso|posiblemente vez|el|la|en|más|próximo|próxima
            próximo|siguiente trimestre|año|mes|semestre / más adelante|tarde / año que viene
            llámeme|llámame|contácteme|escríbame|escríbeme .. enero|febrero|marzo|abril|mayo|junio|julio|agosto
            contáctame|vuelva|vuelve|llamar|contactar|búsqueme .. enero|febrero|marzo|abril|mayo|junio|julio|agosto
            llámeme|llámame|contácteme|escríbame|escríbeme .. septiembre|octubre|noviembre|diciembre
            llámeme|llámame|contácteme|escríbame|escríbeme .. otoño|verano|primavera|invierno
            contáctame|vuelva|vuelve|llamar|contactar|búsqueme .. septiembre|octubre|noviembre|diciembre
            contáctame|vuelva|vuelve|llamar|contactar|búsqueme .. otoño|verano|primavera|invierno
            llámeme|llámame|contácteme|escríbame .. próximo|próxima|adelante|nuevo|siguiente|viene
            escríbeme|contáctame|vuelva|vuelve|contactar .. próximo|próxima|adelante|nuevo|siguiente|viene
            escríbame|llámeme de nuevo / reenviado|reenvío|reenvié|derivado|remitido|pasado su|tu|el|a
            he reenviado / no soy .. adecuada|adecuado|indicada|indicado|correcta|responsable|encargado
            persona equivocada / contacte|contactar|diríjase .. departamento|área|equipo|compañero|compañera|colega
            hable|escriba|consulte|comuníquese .. departamento|área|equipo|compañero|compañera|colega
            encargado|encargada|responsable de|es / se encarga / se ocupa
            consultarlo|comentarlo|hablarlo|discutirlo|verlo|revisarlo con|internamente|en|antes
            lo|le reviso|revisaré|veo|miro|estudio|estudiaré|analizo
            le|te|les aviso|responderé|contestaré|confirmo|informo|diré|avisaré
            tengo|tenemos que pensarlo|pensar|consultarlo|valorarlo|estudiarlo|hablarlo
            quién|quiénes es|eres|son|le|te
            cómo|dónde consiguió|obtuvo|obtuvieron|conseguiste|consiguieron|tiene|ha / he recibido|tomado
            tomo nota / hemos recibido|tomado
            esperando|esperamos|espera .. aprobación|respuesta|decisión|visto|confirmación|presupuesto
            en principio / a la espera
            volver|vuelva|vuelve a preguntar|escribir|llamar|contactar|intentar|consultar|intentarlo
            después|tras|pasado del|el|las|la verano|vacaciones|cierre|fusión|fiestas|año
            ahora estamos|mismo|no|tengo|estoy / pregunte|pregúntele|pregunta|hable|consulte a|con
            solo|sólo llevo|gestiono|me / lo|los veo|consulto|hablo|comento con
            le|te digo|diré|cuento|comento|confirmo|aviso|contesto|respondo
            guardamos|guardo|conservamos|archivamos sus|su|tus|tu / esto|es es|esto publicidad|una|un
            es|eres usted cliente|un / no .. decidirá|decidido|decidiremos|decidir|decisión / nada antes|hasta
            antes|hasta del|el|fin|final .. trimestre|año|semestre|mes / en plena / más tiempo
            dentro|en de|unos|un|dos|tres|seis|algunas|unas meses|semanas|mes|año|días
            todavía|aún no .. decidido|sabemos|hemos|tenemos|sé / en estudio|revisión
            estamos evaluando|valorando|revisando|analizando|estudiando / lo|la estamos|vamos a
            de qué se|empresa|producto / recuérdeme|recuérdame
        """,
        "out_of_office": """
            fuera de|del la|oficina|mi|despacho|país / de|en vacaciones|viaje|permiso|licencia|descanso
            de baja por|médica|maternal|paternal|laboral / estoy|estaré|me|encuentro ausente
            ausente|ausentes hasta|del|de|por|desde|durante
            respuesta|mensaje|correo automática|automático|automatizada|automatizado
            acceso limitado|restringido|reducido|esporádico / sin|no acceso|tengo|tendré|dispongo acceso|correo
            a|hasta|tras mi|nuestro|nuestra regreso|vuelta|retorno|reincorporación
            regresaré|volveré|regreso|vuelvo el|a / me incorporo|reincorporo / estaré de vuelta
            no estoy|estaré|me|encuentro .. oficina|disponible|despacho
            no leeré|revisaré|podré|consultaré .. correo|correos|responder|emails|atender
            no será|serán reenviado|reenviados|leído|leídos / oficina|oficinas|empresa .. cerrada|cerradas|cerrado
            permanecerán|permanecerá cerrada|cerradas|cerrado / baja médica|maternal|por / volvemos el
            licencia médica|maternidad|de / días libres|festivos|de / vuelvo el|a|al / en el extranjero / sin acceso
            está|están|estamos|estoy|me de|en|fuera vacaciones|viaje|baja|permiso|descanso|curso|licencia
            notificación|aviso automática|automático
            en un|una curso|reunión|conferencia|feria|formación|congreso|evento
            leeré|responderé|contestaré|atenderé .. mañana|regreso|vuelta|lunes / ausente hasta|del
            hasta mi|el regreso|lunes|martes|miércoles|jueves|viernes
            durante mi|este|estos|estas ausencia|periodo|días|fiestas / mi ausencia / en mi ausencia
            responderé|contestaré .. antes|cuanto|posible|tan / por las fiestas / día festivo|feriado
            cerrados|cerramos por|hasta|del|desde|el
        """,
        "left_company": """
            ya no trabajo|trabaja|trabajan|forma|formo|pertenece|pertenezco|está|estoy|labora|presta
            no trabajo|trabaja|labora más|aquí|ya|en|con
            dejado|abandonado|abandonó|dejó|dejé|abandoné|dejar .. empresa|compañía|organización|cargo|puesto|firma
            causado baja / mi último día / último día en|de|laboral / se|ha jubilado|jubilada|jubiló
            buzón|cuenta|dirección .. no / actualice|actualicen sus|los|su|nuestros contactos|datos|registros|base
            desvinculado|desvinculada / he|ha|han dejado|abandonado
            dejé|dejó|abandoné|abandonó|dejado .. empresa|compañía|trabajo|cargo|puesto|equipo|organización|para
            ya no es|soy|son|se|figura .. empleada|empleado|parte|encuentra|nuestra|nuestro
            lleva|llevará ahora mis|sus|mi|su / lleva .. cuentas|clientes / nueva etapa|nuevo
            nuevo reto|proyecto|trabajo|empleo / empezar algo
            persona|empleado|compañero|trabajador .. dejado|marchado
            no forma|trabaja|está|formo|trabajo parte|más|con|aquí / se ha marchado|ido|jubilado
            ya no .. empresa|compañía|aquí|nosotros
        """,
        "unsubscribe": """
            darme|denme|dame|deme|dadme|dar|dese de baja / baja de la|esta|su|lista
            eliminar|eliminen|elimine|borrar|borre|borren .. lista|listas|base|datos
            eliminar|eliminen|elimine|borrar|borre|borren .. dirección|correo|email|registros
            quite|quiten|quitar|suprima|suprimir|retire|retirar .. lista|listas|base|datos
            quite|quiten|quitar|suprima|suprimir|retire|retirar .. dirección|correo|email|registros
            no quiero|deseo|queremos|deseamos|quisiera recibir|que|seguir|más .. correos|emails
            no quiero|deseo|queremos|deseamos|quisiera recibir|que|seguir|más .. mensajes|publicidad|boletines
            no quiero|deseo|queremos|deseamos|quisiera recibir|que|seguir|más .. contacten|escriban|información
            no quiero|deseo|queremos|deseamos|quisiera recibir|que|seguir|más .. correo|nada|recibiendo
            no quiero|deseo recibir / no me|nos|vuelva|vuelvan contacte|contacten|escriba|escriban|envíe
            no me|nos|vuelva|vuelvan envíen|mande|manden|a|escribas|escribáis
            dejen|deje|deja|dejad de enviar|enviarme|enviarnos|escribir|escribirme|mandar|mandarme|contactarme|spam
            no más|mas correos|emails|publicidad|spam|mensajes
            cancelar|cancele|cancelen|anular|anule .. suscripción|suscripcion|boletín
            desuscribir|desuscribirme|desuscríbanme|desuscribanme|desapuntarme|cancelarme
            nunca me|he suscribí|suscrito|registré|autoricé / alto al|spam / dejo|dejar de recibir
            me borren|eliminen|quiten|saquen|den / no vuelva|vuelvan|volváis|vuelvas a|contactar
            no .. nunca|jamás más|nunca / quítenme|quíteme|sáquenme|sáqueme|bórrenme|bórreme|elimínenme|elimíneme
            sáquenme|quítenme de / de la|su|sus|esta|tu lista|listas|contactos / no más / ya no quiero|deseo
            protección de datos / basta|paren|pare|deje|dejen ya|de / dejen de|ya
            no me|nos mandes|mandéis|envíes|enviéis|molestes|llames / no solicité|pedí|autoricé|di
            quiero salir|que|eliminar .. lista|eliminen|borren|datos / anular|cancelar .. suscripción|alta|registro
            derecho de supresión|al / bórrame|quítame|elimíname|sácame
        """,
        "nothing": """
            si le|les|te|os|está|desea|no .. interesa|interesado|interesada|interesan|interesase
            si .. interesa|interesan / no hay|es|tengo|ningún problema|inconveniente|prisa
            ningún problema|inconveniente / sin problema|problemas / por qué no
            no solo|sólo|dude|dudes|está mal|en
            estuve|estaba|estuvimos|he .. de|fuera|ausente|estado vacaciones|viaje|baja|oficina|de
            no es .. caro|cara / le|te interesaría / no está mal / no es mala / nada en contra / no solo|únicamente
            no se preocupe|preocupes / no .. duda|dudas / le informo|informamos / no hace falta que|decir
            está publicidad
        """,
    },
    weak={
        "positive": """
            agende|agenda|programe|programa / quedamos / curiosidad / hagámoslo|vamos
            encantado|encantada|encantados / adelante / sí / claro / perfecto / genial / interesante / por supuesto
            reunión / cotización / llamada / jueves / con gusto / estupendo / bien
        """,
        "negative": """
            paso / competencia / lamentablemente / lo siento / desgraciadamente / lamento|lamentamos / caro|cara
        """,
        "neutral": """
            reenvío|reenviaré|paso|pasaré|traslado|derivo / desbordados|desbordado|saturados|liados
            pensarlo|valorarlo / responderé|contestaré / internamente / recibido / reenviado / compañero|compañera
            más adelante / prioridad / aprobación / le aviso / revisar
        """,
        "out_of_office": """
            vacaciones / ausente / urgente|urgentes|urgencia / mi regreso|vuelta / cerradas|cerrado / disponible
            hasta el / regreso / oficina
        """,
        "left_company": "sucesor|sucesora|sustituto|sustituta / ya no",
        "unsubscribe": """
            spam / rgpd|lopd / denuncio|denunciaré|denunciar / publicidad / boletín / lista de correo / suscripción
        """,
    },
    alone={
        "positive": """
            sí|claro|perfecto|adelante|interesante / sí gracias|claro|por / por supuesto / de acuerdo
        """,
        "negative": "no|nunca|jamás / no gracias",
        "neutral": "recibido|entendido|quizás|quizá / tal vez / más tarde|adelante / ahora no",
        "unsubscribe": "baja|stop|cancelar|eliminar|alto / dar de baja / baja por favor|gracias",
    },
)
