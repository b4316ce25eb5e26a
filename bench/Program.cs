Console.Error.WriteLine("usage: ./dev bench NAME");
return 2;
