class StockTest
