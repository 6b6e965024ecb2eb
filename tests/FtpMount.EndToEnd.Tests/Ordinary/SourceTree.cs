using System.Globalization;

namespace FtpMount.EndToEnd.Tests.Ordinary;

/// <summary>Generates a tree that looks like the sources of a program: the same for the same count.</summary>
public static class SourceTree
{
    private static readonly string[] Words = ["parser", "reader", "writer", "index", "socket", "buffer", "table", "driver", "layout", "module"];
    private static readonly string[] Endings = [".c", ".h", ".cs", ".md", ".txt", ".json", ".py", ""];

    /// <summary>Makes the tree.</summary>
    /// <param name="folder">Where; made.</param>
    /// <param name="files">How many files.</param>
    /// <returns>The number of directories below the folder.</returns>
    public static int Create(string folder, int files)
    {
        var random = new Random(files);
        List<string> directories = [folder];
        Directory.CreateDirectory(folder);
        for (int number = 0; number < Math.Max(3, files / 20); number++)
        {
            string directory = Path.Combine(directories[random.Next(directories.Count)], $"{Words[random.Next(Words.Length)]} {number}");
            Directory.CreateDirectory(directory);
            directories.Add(directory);
        }
        for (int number = 0; number < files; number++)
        {
            string directory = directories[number % directories.Count];
            string name = string.Create(CultureInfo.InvariantCulture, $"{(number % 50 == 0 ? "." : "")}{Words[random.Next(Words.Length)]}-{number}{(number % 40 == 0 ? " größe" : "")}{Endings[random.Next(Endings.Length)]}");
            string path = Path.Combine(directory, name);
            File.WriteAllBytes(path, Content(random));
            File.SetUnixFileMode(path, (UnixFileMode)(number % 10 == 0 ? 0x1ed : number % 17 == 0 ? 0x180 : 0x1a4));
            File.SetLastWriteTimeUtc(path, new DateTime(2015, 1, 1, 0, 0, 0, DateTimeKind.Utc).AddSeconds(random.Next(300_000_000)));
        }
        foreach (string directory in directories.AsEnumerable().Reverse())
            Directory.SetLastWriteTimeUtc(directory, new DateTime(2015, 1, 1, 0, 0, 0, DateTimeKind.Utc).AddSeconds(random.Next(300_000_000)));
        return directories.Count - 1;
    }

    /// <summary>Mostly small texts, some binary files, some that are empty.</summary>
    private static byte[] Content(Random random)
    {
        byte[] content = new byte[random.Next(20) switch { 0 => 0, 1 => random.Next(60_000, 200_000), _ => random.Next(1, 12_000) }];
        random.NextBytes(content);
        if (random.Next(4) != 0)
        {
            for (int i = 0; i < content.Length; i++)
                content[i] = i % 60 == 59 ? (byte)'\n' : (byte)('a' + (content[i] % 26));
        }
        return content;
    }
}
