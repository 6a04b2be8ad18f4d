select count(*) from os_proposal_approvals
