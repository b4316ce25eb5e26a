Console.WriteLine("qzc");
