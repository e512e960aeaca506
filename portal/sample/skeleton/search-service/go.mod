module fernway.example/search

go 1.23
