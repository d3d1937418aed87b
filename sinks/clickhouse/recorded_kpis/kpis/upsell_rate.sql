{customers_who_bought_more}
