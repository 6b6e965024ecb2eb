namespace FtpMount.Ftp.Tests.Listing;

/// <summary>Every line of the corpus is a test of its own.</summary>
public sealed class ListingCorpusTests
{
    public static TheoryData<int, string> Lines
    {
        get
        {
            var rows = new TheoryData<int, string>();
            foreach (var item in ListingCorpus.All)
                rows.Add(item.Number, item.Line);
            return rows;
        }
    }

    [Theory]
    [MemberData(nameof(Lines))]
    public void A_line_of_a_server_is_understood(int number, string line)
    {
        var item = ListingCorpus.All.Single(item => item.Number == number);
        Assert.Equal(line, item.Line);
        Assert.Equal(item.Meaning, ListingCorpus.Meaning(item));
    }

    [Fact]
    public void The_corpus_is_large() => Assert.True(ListingCorpus.All.Count(item => item.Meaning != "none") >= 150);
}
