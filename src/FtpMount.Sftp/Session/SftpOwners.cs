namespace FtpMount.Sftp.Session;

/// <summary>Translates numeric owners between the server and here (<see cref="SftpOptions.IdMap"/>).</summary>
/// <param name="map">How.</param>
/// <param name="login">Owner and group of the login folder on the server: who this connection is there; null when unknown.</param>
/// <param name="local">Who the mount belongs to here.</param>
internal sealed class SftpOwners(IdMap map, (uint User, uint Group)? login, (uint User, uint Group) local)
{
    public uint UserHere(uint user) => Translate(map.Users, user, login?.User, local.User, toHere: true);

    public uint GroupHere(uint group) => Translate(map.Groups, group, login?.Group, local.Group, toHere: true);

    public uint UserThere(uint user) => Translate(map.Users, user, login?.User, local.User, toHere: false);

    public uint GroupThere(uint group) => Translate(map.Groups, group, login?.Group, local.Group, toHere: false);

    /// <summary>Whether what the login makes on the server belongs to these anyway.</summary>
    public bool IsLogin(uint user, uint group) => login is { } known && UserThere(user) == known.User && GroupThere(group) == known.Group;

    private uint Translate(IReadOnlyDictionary<uint, uint> table, uint id, uint? there, uint here, bool toHere)
    {
        switch (map.Kind)
        {
            case IdMapKind.User:
                return there is null ? id : toHere ? (id == there ? here : id) : (id == here ? there.Value : id);
            case IdMapKind.File:
                if (!toHere)
                    return table.TryGetValue(id, out var mapped) ? mapped : id;
                foreach (var (local, remote) in table)
                {
                    if (remote == id)
                        return local;
                }

                return id;
            default:
                return id;
        }
    }
}
